"""The works that a report cites: as a list of references prints them, as BibTeX, and as citations in Markdown."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from analysis.display.latex import as_latex_text


@dataclass(frozen=True)
class Work:
    """A work. Each year stands for one work, so that a citation in a text is found by it."""

    key: str
    authors: tuple[str, ...]  # as "Owen, A. B."
    year: int
    title: str
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    publisher: str = ""  # of a book, which has no journal
    edition: str = ""  # as "4th"
    doi: str = ""  # empty: it has none

    def __str__(self) -> str:
        """The entry of a list of references in APA style."""
        *others, last = self.authors
        authors = f"{', '.join(others)}, & {last}" if others else last
        link = f" https://doi.org/{self.doi}" if self.doi else ""
        return f"{authors} ({self.year}). {self.title}{self._source()}.{link}"

    def _source(self) -> str:
        if not self.journal:
            edition = f" ({self.edition} ed.)" if self.edition else ""
            return f"{edition}. {self.publisher}"
        return f". {self.journal}, {self.volume}{f'({self.issue})' if self.issue else ''}, {self.pages}"

    @property
    def bibtex(self) -> str:
        """The entry of a .bib file. Braces keep the capitals of the title."""
        fields = {
            "author": " and ".join(self.authors),
            "year": str(self.year),
            "title": self.title,
            "journal": self.journal,
            "volume": self.volume,
            "number": self.issue,
            "pages": self.pages,
            "publisher": self.publisher,
            "edition": self.edition,
            "doi": self.doi,
        }
        written = {name: as_latex_text(text) for name, text in fields.items() if text}
        written["title"] = f"{{{written['title']}}}"
        lines = [f"  {name} = {{{text}}}," for name, text in written.items()]
        return "\n".join([f"@{'article' if self.journal else 'book'}{{{self.key},", *lines, "}"])


_JASA = "Journal of the American Statistical Association"

WORKS = (
    Work(
        "barr2013", ("Barr, D. J.", "Levy, R.", "Scheepers, C.", "Tily, H. J."), 2013,
        "Random effects structure for confirmatory hypothesis testing: Keep it maximal",
        "Journal of Memory and Language", "68", "3", "255–278", doi="10.1016/j.jml.2012.11.001",
    ),
    Work(
        "breslow1993", ("Breslow, N. E.", "Clayton, D. G."), 1993,
        "Approximate inference in generalized linear mixed models", _JASA,
        "88", "421", "9–25", doi="10.1080/01621459.1993.10594284",
    ),
    Work(
        "cameron2011", ("Cameron, A. C.", "Gelbach, J. B.", "Miller, D. L."), 2011,
        "Robust inference with multiway clustering", "Journal of Business & Economic Statistics",
        "29", "2", "238–249", doi="10.1198/jbes.2010.07136",
    ),
    Work(
        "colin2022", ("Colin, J.", "Fel, T.", "Cadène, R.", "Serre, T."), 2022,
        "What I cannot predict, I do not understand: A human-centered evaluation framework for explainability methods",
        publisher="Advances in Neural Information Processing Systems 35, arXiv 2112.04417",
    ),
    Work(
        "davidson1970", ("Davidson, R. R.",), 1970,
        "On extending the Bradley–Terry model to accommodate ties in paired comparison experiments", _JASA,
        "65", "329", "317–328", doi="10.1080/01621459.1970.10481082",
    ),
    Work(
        "hautus1995", ("Hautus, M. J.",), 1995,
        "Corrections for extreme proportions and their biasing effects on estimated values of d′",
        "Behavior Research Methods, Instruments, & Computers", "27", "1", "46–51", doi="10.3758/BF03203619",
    ),
    Work(
        "holm1979", ("Holm, S.",), 1979, "A simple sequentially rejective multiple test procedure",
        "Scandinavian Journal of Statistics", "6", "2", "65–70",
    ),
    Work(
        "kim2022", ("Kim, S. S. Y.", "Meister, N.", "Ramaswamy, V. V.", "Fong, R.", "Russakovsky, O."), 2022,
        "HIVE: Evaluating the human interpretability of visual explanations",
        publisher="European Conference on Computer Vision, arXiv 2112.03184",
    ),
    Work(
        "krippendorff2019", ("Krippendorff, K.",), 2019, "Content analysis: An introduction to its methodology",
        publisher="Sage", edition="4th", doi="10.4135/9781071878781",
    ),
    Work(
        "lan1983", ("Lan, K. K. G.", "DeMets, D. L."), 1983,
        "Discrete sequential boundaries for clinical trials", "Biometrika",
        "70", "3", "659–663", doi="10.1093/biomet/70.3.659",
    ),
    Work(
        "macmillan2005", ("Macmillan, N. A.", "Creelman, C. D."), 2005, "Detection theory: A user's guide",
        publisher="Erlbaum", edition="2nd", doi="10.4324/9781410611147",
    ),
    Work(
        "mccullagh1980", ("McCullagh, P.",), 1980, "Regression models for ordinal data",
        "Journal of the Royal Statistical Society, Series B", "42", "2", "109–142",
        doi="10.1111/j.2517-6161.1980.tb01109.x",
    ),
    Work(
        "nguyen2021", ("Nguyen, G.", "Kim, D.", "Nguyen, A."), 2021,
        "The effectiveness of feature attribution methods and its correlation with automatic evaluation scores",
        publisher="Advances in Neural Information Processing Systems 34, arXiv 2105.14944",
    ),
    Work(
        "owen2007", ("Owen, A. B.",), 2007, "The pigeonhole bootstrap", "Annals of Applied Statistics",
        "1", "2", "386–411", doi="10.1214/07-AOAS122",
    ),
    Work(
        "satterthwaite1946", ("Satterthwaite, F. E.",), 1946,
        "An approximate distribution of estimates of variance components", "Biometrics Bulletin",
        "2", "6", "110–114", doi="10.2307/3002019",
    ),
    Work(
        "schemmer2023", ("Schemmer, M.", "Kühl, N.", "Benz, C.", "Bartos, A.", "Satzger, G."), 2023,
        "Appropriate reliance on AI advice: Conceptualization and the effect of explanations",
        "Proceedings of the International Conference on Intelligent User Interfaces",
        "28", "", "410–422", doi="10.1145/3581641.3584066",
    ),
    Work(
        "schuirmann1987", ("Schuirmann, D. J.",), 1987,
        "A comparison of the two one-sided tests procedure and the power approach for assessing the equivalence of"
        " average bioavailability",
        "Journal of Pharmacokinetics and Biopharmaceutics", "15", "6", "657–680", doi="10.1007/BF01068419",
    ),
    Work(
        "selvaraju2020",
        ("Selvaraju, R. R.", "Cogswell, M.", "Das, A.", "Vedantam, R.", "Parikh, D.", "Batra, D."), 2020,
        "Grad-CAM: Visual explanations from deep networks via gradient-based localization",
        "International Journal of Computer Vision", "128", "2", "336–359", doi="10.1007/s11263-019-01228-7",
    ),
    Work(
        "shen2020", ("Shen, H.", "Huang, T.-H."), 2020,
        "How useful are the machine-generated interpretations to general users? A human evaluation on guessing the"
        " incorrectly predicted labels",
        "Proceedings of the AAAI Conference on Human Computation and Crowdsourcing", "8", "1", "168–172",
        doi="10.1609/hcomp.v8i1.7477",
    ),
    Work(
        "steegen2016", ("Steegen, S.", "Tuerlinckx, F.", "Gelman, A.", "Vanpaemel, W."), 2016,
        "Increasing transparency through a multiverse analysis", "Perspectives on Psychological Science",
        "11", "5", "702–712", doi="10.1177/1745691616658637",
    ),
    Work(
        "woodruff1952", ("Woodruff, R. S.",), 1952, "Confidence intervals for medians and other position measures",
        "Journal of the American Statistical Association", "47", "260", "635–646",
        doi="10.1080/01621459.1952.10483443",
    ),
)  # fmt: skip

# What a text cites together → keys of works.
TOPICS = {
    "variance": ("cameron2011",),
    "holm": ("holm1979",),
    "sensitivity": ("hautus1995", "macmillan2005"),
    "label checks": ("nguyen2021",),
    "choice among classes": ("kim2022",),
    "wrong labels": ("shen2020",),
    "prediction of answers": ("colin2022",),
    "ordinal": ("mccullagh1980",),
    "medians": ("woodruff1952",),
    "raters": ("krippendorff2019",),
    "random effects": ("barr2013", "breslow1993"),
    "robustness": ("owen2007", "steegen2016"),
    "ranking": ("davidson1970",),
    "sequential": ("lan1983",),
    "advice": ("schemmer2023",),
    "equivalence": ("schuirmann1987",),
    "conditions": ("satterthwaite1946",),
    "paper": ("selvaraju2020",),
}


def works_on(topics: Iterable[str]) -> tuple[Work, ...]:
    """The works on `topics`, in the order of the alphabet."""
    keys = {key for topic in topics for key in TOPICS[topic]}
    return tuple(work for work in WORKS if work.key in keys)


def with_citations(text: str, works: Iterable[Work]) -> str:
    """Markdown `text` with citations for what is in brackets: "(Owen, 2007)" is [@owen2007] then, "Holm's (1979)" is
    "Holm's [-@holm1979]". A remark before a semicolon keeps its brackets.

    The first author is named in the brackets or shortly before them.
    """
    for work in works:
        name = re.escape(work.authors[0].partition(",")[0])
        text = re.sub(rf"\s*\(([^();]*;)?[^();]*{name}[^();]*\b{work.year}\)", partial(_cited, work.key), text)
        text = re.sub(rf"({name}\D{{0,20}}?)\s*\({work.year}\)", rf"\1 [-@{work.key}]", text)
    return text


def _cited(key: str, found: re.Match[str]) -> str:
    remark = f" ({found[1].removesuffix(';')})" if found[1] else ""
    return f"{remark} [@{key}]"
