# Crossed random effects by lme4's glmer (Laplace). Usage: Rscript crossed_logit.R binary.csv; prints name,value lines.
suppressPackageStartupMessages(library(lme4))
data <- read.csv(commandArgs(trailingOnly = TRUE)[1])
data$participant <- factor(data$participant)
data$image <- factor(data$image)
data$method <- factor(data$method)
fit <- glmer(correct ~ 0 + method + (1 | participant) + (1 | image), data, family = binomial,
             control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-8, maxfun = 1e5)))
show <- function(name, value) cat(sprintf("%s,%.10f\n", name, value))
show(names(fixef(fit)), fixef(fit))
show(paste0("se_", names(fixef(fit))), sqrt(diag(as.matrix(vcov(fit)))))
sds <- as.data.frame(VarCorr(fit))
show(paste0("sd_", sds$grp), sds$sdcor)
show("deviance", -2 * as.numeric(logLik(fit)))
