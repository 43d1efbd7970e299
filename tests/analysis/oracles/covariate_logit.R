# Maximal random effects and a numeric covariate by lme4's glmer (Laplace). Where each participant meets one method alone,
# participants have one effect. Usage: Rscript covariate_logit.R covariate.csv; prints name,value lines.
suppressPackageStartupMessages(library(lme4))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
data$participant <- factor(data$participant)
data$image <- factor(data$image)
data$method <- factor(data$method)
is_between <- all(rowSums(table(data$participant, data$method) > 0) <= 1)
model <- correct ~ 0 + method + confidence + (1 | participant) + (1 | image) + (1 | image:method)
if (!is_between) model <- update(model, . ~ . + (1 | participant:method))
fit <- suppressMessages(glmer(
  model, data, family = binomial,
  control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(rhoend = 1e-9, maxfun = 1e5))))
show <- function(name, value) cat(sprintf("%s,%.10f\n", name, value))
show(names(fixef(fit)), fixef(fit))
covariance <- suppressWarnings(vcov(fit, use.hessian = FALSE))
show(paste0("se_", names(fixef(fit))), sqrt(diag(as.matrix(covariance))))
sds <- as.data.frame(VarCorr(fit))
show(paste0("sd_", sds$grp), sds$sdcor)
show("deviance", -2 * as.numeric(logLik(fit)))
