"""The report in Korean: English sentence → Korean sentence, for the headline sections; tables are in korean_tables.py."""

# ruff: noqa: E501 – a Korean letter counts as two columns

from analysis.display.korean_tables import TABLE_TEXTS

TEXTS = {
    # summary
    "{n} participants": "참가자 {n}명",
    "{n} simulated participants": "모의 참가자 {n}명",
    "{n} machine observers": "기계 관찰자 {n}개",
    "{people} gave the {responses} responses analysed here. Intervals are at {confidence} and hold for other people"
    " and other images of the same kind.": "{people}의 응답 {responses}개를 분석했습니다. 구간은 {confidence} 신뢰구간이며 같은 종류의 다른"
    " 사람과 다른 이미지에 대해서도 성립합니다.",
    "{n} runs of the machine observer “{name}”": "기계 관찰자 “{name}” {n}회 실행",
    "{people} gave the {responses} responses analysed here. Intervals are at {confidence} and hold for other runs of the"
    " observer and other images of the same kind; they say nothing of people.": "{people}의 응답 {responses}개를 분석했습니다. 구간은"
    " {confidence} 신뢰구간이며 같은 관찰자의 다른 실행과 같은 종류의 다른 이미지에 대해 성립합니다. 사람에 대해서는 아무것도 말하지 않습니다.",
    "Not all planned ratings were in: {lacking}. The study was closed or exported before.": "계획한 평가가 다 모이지 않았습니다:"
    " {lacking}. 그 전에 연구를 닫았거나 자료를 내보냈습니다.",
    "“{task}” {given} of {planned} ({share})": "“{task}” {planned}개 중 {given}개 ({share})",
    "There are no responses to analyse.": "분석할 응답이 없습니다.",
    "Task “{task}” has no responses.": "과제 “{task}”에는 응답이 없습니다.",
    "In “{task}”, the right category was named most often with {best}, {best_value}, and least often with {worst},"
    " {worst_value}; guessing gives 50%.": "“{task}”에서 정답 범주를 가장 자주 맞힌 방법은 {best} {best_value}, 가장 드물게 맞힌"
    " 방법은 {worst} {worst_value}이었습니다. 추측하면 50%입니다.",
    "In “{task}”, the right category was named equally often with every method, in {value} of the answers; guessing gives"
    " 50%.": "“{task}”에서 정답 범주를 맞힌 비율은 모든 방법에서 {value}로 같습니다. 추측하면 50%입니다.",
    "In “{task}”, the right category was named in {value} of the answers with {method}; guessing gives 50%.": "“{task}”에서"
    " {method}의 응답 중 정답 범주를 맞힌 비율은 {value}입니다. 추측하면 50%입니다.",
    "In “{task}”, the mean score towards “{first}” on the scale from −2 to 2 was: {means}.": "“{task}”에서 −2부터 2까지의 척도로"
    " “{first}” 쪽 평균 점수: {means}.",
    "{a} and {b} cannot be compared in “{task}”: {note}": "“{task}”에서 {a}와(과) {b}은(는) 비교할 수 없습니다: {note}",
    "{a} against {b} in “{task}”: {size} {unit} (from {low} to {high}; {p} after Holm's correction): {verdict}.": "“{task}”에서"
    " {a} 대 {b}: {size} {unit} ({low}부터 {high}까지, Holm 보정 후 {p}): {verdict}.",
    "{a} against {b} in “{task}”: {size} {unit}. {note}": "“{task}”에서 {a} 대 {b}: {size} {unit}. {note}",
    "on the score": "점",
    "percentage points": "퍼센트포인트",
    "a difference that chance alone would rarely make": "우연만으로는 드물게 나타날 차이입니다",
    "these data do not settle whether there is a difference": "차이가 있는지 이 자료로는 결론 낼 수 없습니다",
    "no test is planned at this point of the study": "연구의 이 시점에는 검정이 계획되어 있지 않습니다",
    # headings and notices
    "results": "결과",
    "Discern – results": "Discern – 결과",
    "Study definition": "연구 정의",
    "Nobody has taken part in this study yet: there is nothing to analyse.": "아직 이 연구에 참가한 사람이 없어 분석할 것이 없습니다.",
    "Human participants": "사람 참가자",
    "Simulated participants": "모의 참가자",
    "Machine observers": "기계 관찰자",
    "SIMULATED: these responses were drawn from a model to test the study. Nothing below says anything about people.": "모의"
    " 자료: 이 응답은 연구를 시험하려고 모형에서 뽑은 것입니다. 아래 내용은 사람에 대해 아무것도 말하지 않습니다.",
    "MACHINE OBSERVERS: these responses come from programs. Nothing below says anything about people.": "기계 관찰자: 이 응답은"
    " 프로그램이 낸 것입니다. 아래 내용은 사람에 대해 아무것도 말하지 않습니다.",
    "SIMULATED – not people": "모의 자료 – 사람이 아님",
    "MACHINE OBSERVERS – not people": "기계 관찰자 – 사람이 아님",
    "A small network, trained anew for each run and method on visualizations of images that the study does not show, names"
    " the category it finds more probable; in trust it prefers the network whose visualization makes the predicted"
    " category more probable to it.": "연구에 나오지 않는 이미지의 시각화로 실행과 방법마다 새로 학습한 작은 신경망이 더 그럴듯한 범주를"
    " 고릅니다. 신뢰 과제에서는 예측된 범주를 더 그럴듯하게 만드는 시각화의 네트워크를 고릅니다.",
    "An oracle for localization, which knows the annotation: it names the category whose boxes hold the larger share of the"
    " map's energy; in trust it prefers the network whose map holds the larger share in the boxes of the predicted"
    " category.": "주석을 아는 위치 판정기: 상자 안에 지도 에너지의 더 큰 몫이 있는 범주를 고릅니다. 신뢰 과제에서는 예측된 범주의 상자 안에 더"
    " 큰 몫이 있는 네트워크를 고릅니다.",
    "Controls of the machine observers": "기계 관찰자의 통제",
    "The same observers on the same trials, shown something that must leave them at chance: “blank” is plain grey,"
    " “shuffled-category” the picture of either category by a coin, “identical-maps” one picture on both sides. Of 20"
    " intervals one may miss chance by accident.": "같은 관찰자에게 같은 시행에서 우연 수준일 수밖에 없는 것을 보여"
    " 줍니다: “blank”는 회색 한 장, “shuffled-category”는 두 범주 중 동전으로 고른 것의 그림, “identical-maps”는 양쪽에 같은 그림. 구간"
    " 20개 중 하나는 우연히 빗나갈 수 있습니다.",
    "Contents": "차례",
    "Who is in the analysis": "분석 대상",
    "Class discrimination": "범주 구별",
    "Trust": "신뢰",
    "This task has no responses.": "이 과제에는 응답이 없습니다.",
    "{responses} responses; {participants} people; {images} images.": "응답 {responses}개, 참가자 {participants}명, 이미지 {images}장.",
    "Comparisons fixed before the study": "연구 전에 정한 비교",
    "All networks": "모든 네트워크",
    "Beside the paper": "논문과 나란히",
    "Where the answers come from": "응답의 출처",
    "Attention": "주의",
    "This study had no attention checks.": "이 연구에는 주의 확인 문항이 없었습니다.",
    "Other defensible analyses": "달리 할 수 있었던 분석",
    "How the numbers were made": "수치를 얻은 방법",
    "Methods, ready to paste": "방법 (그대로 붙여 넣을 수 있는 글)",
    "References": "참고 문헌",
    "Deviations from the paper": "논문과 다른 점",
    "Provenance": "출처 정보",
    "Definition, SHA-256": "연구 정의, SHA-256",
    "Every number is in results.json; the tables are in tables/ as CSV, the figures in figures/ as SVG and PNG.": "모든 수치는"
    " results.json에, 표는 tables/에 CSV로, 그림은 figures/에 SVG와 PNG로 있습니다.",
    "Grey intervals are Wilson's. They take every response for independent, which responses of one person or to one image"
    " are not, and are shown only because other studies report them.": "회색 구간은 Wilson 구간입니다. 모든 응답을 독립으로 보지만 한 사람의"
    " 응답이나 한 이미지에 대한 응답은 독립이 아니므로, 다른 연구가 보고하기 때문에만 보여 줍니다.",
    "The comparisons again under other choices: whom to keep, and how to compute. Exclusions and overflow appear where they"
    " make a difference. “Independent responses” is what other studies report and too sure of itself; the pigeonhole"
    " bootstrap is never too sure and stands as the conservative bound.": "같은 비교를 다른 선택으로 다시 했습니다: 누구를 남길지, 어떻게"
    " 계산할지. 제외와 초과 응답은 차이를 만드는 곳에만 나옵니다. “독립 응답”은 다른 연구가 보고하는 값으로 지나치게 확신하며, 비둘기집"
    " 부트스트랩은 결코 지나치게 확신하지 않는 보수적 한계입니다.",
    "Replicated: two one-sided tests at 5% place the difference within {margin} of the scale and, for a comparison, its own"
    " interval excludes 0 on the paper's side (a margin may be wider than the paper's difference). Otherwise not replicated where"
    " the interval of the difference excludes 0, else underpowered: these data can tell neither. The interval counts the"
    " error of both studies; the paper published none, so its accuracies are given the error of their number of responses"
    " under this study's design effect, and its mean scores this study's own. Each verdict stands by itself: verdicts are not"
    " corrected for their number.": "재현됨: 5% 수준의 두 단측 검정이 차이를 척도의 {margin} 이내로 보고, 비교라면 그 비교 자체의 구간도"
    " 논문과 같은 쪽에서 0을 포함하지 않습니다(허용 폭이 논문의 차이보다 넓을 수 있기 때문입니다). 그렇지 않으면, 차이의 구간이 0을 포함하지 않을 때 재현되지 않음, 아니면 검정력 부족으로 이 자료로는 어느 쪽도 말할 수"
    " 없습니다. 구간에는 두 연구의 오차가 모두 들어 있습니다. 논문은 오차를 내지 않았으므로 정확도에는 이 연구의 설계 효과 아래 그 응답 수의"
    " 오차를, 평균 점수에는 이 연구의 오차를 썼습니다. 판정은 저마다 따로 내린 것이며 판정의 수에 대해 보정하지 않았습니다.",
    # figures
    "Right answers by method. Dots and blue lines: this study with its interval over participants and images. Grey lines:"
    " the naive interval, which takes every response for independent and is too short. Dashed: guessing, 50%.": "방법별 정답률. 점과"
    " 파란 선: 이 연구와 참가자·이미지에 걸친 구간. 회색 선: 모든 응답을 독립으로 보아 너무 짧은 소박한 구간. 점선: 추측, 50%.",
    "Accuracy in per cent with interval: {estimates}.": "정확도(퍼센트)와 구간: {estimates}.",
    "Right answers at each step of stated confidence, with intervals over participants and images. Dashed: the chance of"
    " being right that each step is read as, from 50% for a guess to 100%. Dots below it are over-confident.": "말한 확신의"
    " 단계별 정답률과 참가자·이미지에 걸친 구간. 점선: 각 단계를 읽은 확률(추측 50%부터 100%까지). 그 아래의 점은 과신입니다.",
    "Accuracy by confidence: {estimates}.": "확신별 정확도: {estimates}.",
    "This machine has no font with Korean letters, so the figures are lettered in English.": "이 컴퓨터에는 한글 글꼴이 없어"
    " 그림 속 글은 영어입니다.",
    "Mean score by method, positive towards “{first}”, with its interval over participants and images. Dashed: both"
    " networks equally reliable.": "방법별 평균 점수(양수는 “{first}” 쪽)와 참가자·이미지에 걸친 구간. 점선: 두 네트워크가 똑같이 믿을 만함.",
    "Share of each of the five answers by method; half of “equally reliable” stands on either side of the line.": "방법별 다섯 응답의"
    " 비율. “똑같이 믿을 만함”은 선의 양쪽에 절반씩 있습니다.",
    "Mean score with interval: {estimates}.": "평균 점수와 구간: {estimates}.",
    "Shares of the answers from “{second} clearly more reliable” to “{first} clearly more reliable”: {answers}.": "“{second}이(가)"
    " 확실히 더 믿을 만함”부터 “{first}이(가) 확실히 더 믿을 만함”까지 응답 비율: {answers}.",
    "Diamonds: the figures of the paper, published without intervals.": "마름모: 구간 없이 발표된 논문의 수치.",
    "{title} under every combination of choices: the difference with its interval above, the choices below. Orange diamond:"
    " the analysis fixed beforehand. Dashed: no difference.": "모든 선택 조합에서의 {title}: 위는 차이와 구간, 아래는 선택. 주황 마름모: 미리"
    " 정한 분석. 점선: 차이 없음.",
    "{n} analyses; the difference runs from {low} to {high}; in {away} of them the interval excludes no difference.": "분석"
    " {n}가지; 차이는 {low}부터 {high}까지이고, 그중 {away}가지에서 구간이 0을 포함하지 않습니다.",
    "Category shown (rows) and category chosen (columns): numbers of responses, darker for a larger share of the row. Empty"
    " where the two never stood together.": "보여 준 범주(행)와 고른 범주(열): 응답 수, 행에서 비율이 클수록 진합니다. 두 범주가 함께 나온 적이"
    " 없으면 비어 있습니다.",
    "Most frequent confusions: {confused}.": "가장 잦은 혼동: {confused}.",
    "“{shown}” taken for “{chosen}” {n} times ({share})": "“{shown}”을(를) “{chosen}”(으)로 {n}번({share})",
    "Each participant (above) and each image (below), from the lowest to the highest, with an interval from its own"
    " responses alone. Orange: intervals that exclude the dashed line.": "참가자(위)와 이미지(아래)를 낮은 것부터 높은 것까지, 각자의 응답만으로 얻은"
    " 구간과 함께. 주황: 점선을 포함하지 않는 구간.",
    "Participants lie between {p_low} and {p_high}, images between {i_low} and {i_high}.": "참가자는 {p_low}부터 {p_high}까지,"
    " 이미지는 {i_low}부터 {i_high}까지입니다.",
    "Response times by method: median (dot) and middle half (bar). Browsers time with an error of 10 to 40 ms.": "방법별 응답 시간:"
    " 중앙값(점)과 가운데 절반(막대). 브라우저의 시간 오차는 10~40 ms입니다.",
    "Median times: {medians}.": "중앙값: {medians}.",
    "Flow of participants and trials. On the right, what each step takes out.": "참가자와 시행의 흐름. 오른쪽은 각 단계에서 빠지는 것.",
    "Flow chart. {steps}.": "흐름도. {steps}.",
    "{step}: {people} people and {trials} trials left": "{step}: {people}명과 시행 {trials}개가 남음",
    # methods text
    "In “{task}”, participants saw one visualization at a time, never the photograph, and chose which of the two annotated"
    " categories of the image it showed.": "“{task}”에서 참가자는 사진 없이 시각화를 하나씩 보고, 이미지에 주석된 두 범주 중 어느 것을 나타내는지"
    " 골랐다.",
    "In “{task}”, participants saw visualizations from two networks that had predicted the same category and said on a"
    " five-point scale which network was more reliable; scores from −2 to 2 are positive towards “{first}”.": "“{task}”에서 참가자는"
    " 같은 범주를 예측한 두 네트워크의 시각화를 보고 어느 네트워크가 더 믿을 만한지 5점 척도로 답했다. −2부터 2까지의 점수는 “{first}” 쪽이"
    " 양수이다.",
    "It planned {responses} responses: {images} images, the methods {methods}, {ratings} ratings an item.": "계획한 응답은"
    " {responses}개이다: 이미지 {images}장, 방법 {methods}, 항목당 평가 {ratings}회.",
    "Nobody saw an image twice in a task; methods were balanced within participants; sides and the order of options were"
    " random.": "한 과제에서 같은 이미지를 두 번 본 사람은 없고, 방법은 참가자 안에서 균형을 맞추었으며, 좌우와 선택지 순서는 무작위였다.",
    "Analysed are the responses planned for each item; responses given after a place had been handed on (overflow) are"
    " counted in the flow and left out.": "항목마다 계획한 응답을 분석했다. 자리가 다른 사람에게 넘어간 뒤의 응답(초과 응답)은 흐름에 세고 분석에서"
    " 뺐다.",
    "Left out by the definition: people who did not finish.": "연구 정의에 따라 끝까지 마치지 않은 사람은 제외했다.",
    "Left out by the definition: people whose median response time in a task is below {ms} ms.": "연구 정의에 따라 어느 과제에서"
    " 응답 시간 중앙값이 {ms} ms보다 짧은 사람은 제외했다.",
    "Left out by the definition: people who failed at least {n} attention checks.": "연구 정의에 따라 주의 확인 문항에 {n}개 이상 실패한"
    " 사람은 제외했다.",
    "Left out by the definition: people who failed a comprehension check.": "연구 정의에 따라 이해도 확인에 실패한 사람은 제외했다.",
    "The definition names no rule by which people are left out.": "연구 정의에는 사람을 제외하는 규칙이 없다.",
    "Each accuracy and mean score is an average over responses, meant for other participants and other images like these."
    " Its {confidence} interval comes from a two-way cluster-robust variance (participants and images; Cameron, Gelbach &"
    " Miller, 2011), with Student's t on the smaller number of clusters less one; where the two-way variance falls below both"
    " one-way variances, the smaller of these is taken. Intervals of accuracies are computed on the logit scale.": "정확도와 평균"
    " 점수는 응답의 평균이며 다른 참가자와 비슷한 다른 이미지를 겨냥한다. {confidence} 구간은 참가자와 이미지의 이원 군집 강건 분산(Cameron,"
    " Gelbach & Miller, 2011)과, 작은 쪽 군집 수에서 1을 뺀 자유도의 t 분포에서 얻는다. 이원 분산이 두 일원 분산보다 모두 작으면 그중 작은 것을"
    " 쓴다. 정확도의 구간은 로짓 척도에서 계산한다.",
    "Sensitivity d′ and criterion (Macmillan & Creelman, 2005) take the log-linear correction (Hautus, 1995).": "민감도 d′와"
    " 기준(Macmillan & Creelman, 2005)에는 로그 선형 보정(Hautus, 1995)을 했다.",
    "The p-values of the comparisons are corrected by Holm's (1979) method over all comparisons named in the study's"
    " definition, which was fixed before the first participant.": "비교의 p 값은 첫 참가자 이전에 고정된 연구 정의의 모든 비교에 대해 Holm(1979)의"
    " 방법으로 보정했다.",
    "Looks at the data were planned at {looks} of the planned responses; the levels come from an O'Brien–Fleming spending"
    " function (Lan & DeMets, 1983), taken down Holm's steps.": "계획한 응답의 {looks}에서 자료를 보기로 계획했으며, 유의수준은 O'Brien–Fleming"
    " 소비 함수(Lan & DeMets, 1983)에서 Holm의 단계를 따라 정했다.",
    "The data were analysed before all planned ratings were in: {lacking}.": "계획한 평가가 다 모이기 전에 자료를 분석했다: {lacking}.",
    "No look at the data before they were complete was planned.": "자료가 다 모이기 전에 보는 것은 계획하지 않았다.",
    "As sensitivity analyses the comparisons were repeated with one-way clustering, with the larger one-way variance, by the"
    " pigeonhole bootstrap (Owen, 2007), with and without exclusions and overflow responses (Steegen et al., 2016), and, for"
    " right answers, by a logit model with crossed random effects under Laplace's approximation (Breslow & Clayton, 1993).": "민감도"
    " 분석으로 일원 군집, 더 큰 일원 분산, 비둘기집 부트스트랩(Owen, 2007), 제외와 초과 응답의 포함 여부(Steegen 등, 2016), 그리고 정답에"
    " 대해서는 교차 임의효과 로짓 모형의 라플라스 근사(Breslow & Clayton, 1993)로 비교를 되풀이했다.",
    "Agreement is Krippendorff's α (2019), its interval from drawing images anew 1,000 times.": "일치도는 Krippendorff의 α(2019)이고"
    " 구간은 이미지를 1,000번 다시 뽑아 얻었다.",
    "Trust scores were also analysed by a proportional-odds model (McCullagh, 1980) with the same two-way clustering.": "신뢰 점수는 같은"
    " 이원 군집으로 비례 오즈 모형(McCullagh, 1980)으로도 분석했다.",
    "All networks were ranked by a Bradley–Terry model with ties (Davidson, 1970).": "모든 네트워크의 순위는 동점을 허용한 Bradley–Terry"
    " 모형(Davidson, 1970)으로 매겼다.",
    "A figure of Selvaraju et al. (2020) counts as replicated when two one-sided tests at 5% (Schuirmann, 1987) place the"
    " difference within {margin} of the scale and, for a comparison, its own interval excludes 0 on the paper's side, else as not"
    " replicated when the difference from the paper is told from 0, else as underpowered; verdicts are not corrected for their number. The paper's accuracies are given the error that its number of responses has under this study's design"
    " effect, its mean scores this study's own error.": "Selvaraju 등(2020)의 수치는 5% 수준의 두 단측 검정(Schuirmann, 1987)이 차이를 척도의"
    " {margin} 이내로 보고 비교라면 그 자체의 구간도 논문과 같은 쪽에서 0을 포함하지 않을 때 재현됨, 아니면 논문과의 차이가 0과 구별될 때"
    " 재현되지 않음, 그 밖에는 검정력 부족으로 본다. 판정의 수에 대해서는 보정하지 않는다. 논문의 정확도에는 이 연구의 설계"
    " 효과 아래 그 응답 수가 갖는 오차를, 평균 점수에는 이 연구의 오차를 준다.",
}
KOREAN = TEXTS | TABLE_TEXTS
