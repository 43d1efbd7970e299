"""Which images a task gets: the eligible ones only, balanced, the same every time, or a reason why not."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from models.photographs import AnnotatedObject, Photograph
from stimuli.config import StimulusRequest
from stimuli.errors import SelectionError
from stimuli.produce.pictures import Scores
from stimuli.produce.select import at_most_eligible, select
from stimuli.produce.shards import shards, visualizations
from stimuli.produce.tables import Entry, PictureTable
from stimuli.rendering import Rendering
from stimuli.tasks.kind import Predicted

STUDY = ("cat", "cow", "dog")


def voc(image_id, *categories, difficult=()):
    objects = tuple(AnnotatedObject(c, (1, 1, 2, 2), c in difficult) for c in categories)
    return Photograph(image_id, Path(f"{image_id}.jpg"), 10, 10, objects)


def seeing(images, task="seeing", methods=("guided-backprop", "deconvolution"), networks=("strong",)):
    return StimulusRequest(task, "class-discrimination", images, methods, networks)


def trusting(images, task="trusting", methods=("guided-backprop",), networks=("strong", "weak")):
    return StimulusRequest(task, "trust", images, methods, networks)


def top(category):
    return Predicted(category, (category,))


def ids(selection):
    return [candidate.image.image_id for candidate in selection.chosen]


def test_class_discrimination_takes_images_with_exactly_two_categories_of_the_study():
    images = [
        voc("two", "cat", "dog"),
        voc("two-of-one-kind", "cat", "cat"),
        voc("several-objects", "cow", "dog", "dog"),
        voc("three", "cat", "cow", "dog"),
        voc("a-stranger", "cat", "sofa"),
        voc("two-and-a-difficult-third", "cat", "cow", "dog", difficult=("dog",)),
        voc("difficult-second", "cat", "cow", difficult=("cow",)),
        voc("none"),
    ]
    (selection,) = select([seeing(3)], images, STUDY, {}, seed=0)
    assert ids(selection) == ["difficult-second", "several-objects", "two"]
    assert selection.removed == {"exactly two annotated categories": 4, "only categories of the study": 1}
    assert selection.eligible == 3


def test_trust_takes_images_where_the_networks_agree_on_an_annotated_category():
    images = [voc(name, "cat", "sofa") for name in ("agree", "disagree", "both-wrong", "agree-on-a-stranger")]
    predictions = {
        "strong": {
            "agree": top("cat"),
            "disagree": top("cat"),
            "both-wrong": top("dog"),
            "agree-on-a-stranger": top("sofa"),
        },
        "weak": {
            "agree": top("cat"),
            "disagree": top("dog"),
            "both-wrong": top("dog"),
            "agree-on-a-stranger": top("sofa"),
        },
    }
    (selection,) = select([trusting(1)], images, STUDY, predictions, seed=0)
    assert [(c.image.image_id, c.categories) for c in selection.chosen] == [("agree", ("cat",))]
    assert list(selection.removed.values()) == [1, 1, 1]


def test_networks_that_never_agree_are_told_with_counts():
    """Each pair of three is counted over all images, whatever the third says."""
    images = [voc(name, "cat", "dog") for name in "abcd"]
    says = {"vgg": "cat cat cat dog", "alex": "cat cat dog dog", "lite": "dog dog cat cat"}
    predictions = {
        name: {i.image_id: top(word) for i, word in zip(images, words.split(), strict=True)}
        for name, words in says.items()
    }
    with pytest.raises(SelectionError) as refusal:
        select([trusting(1, networks=tuple(says))], images, STUDY, predictions, seed=0)
    assert str(refusal.value) == (
        "task 'trusting' asks for 1 images, but 0 of 4 are eligible ('the same top category for vgg, alex and lite'"
        " removed 4; 'the top category annotated' removed 0; 'only categories of the study' removed 0; of 4 images vgg"
        " and alex agree on 3, vgg and lite agree on 1, alex and lite agree on 0); name a larger split or more"
        " dataset.categories"
    )


def test_too_few_images_are_refused_with_the_losses_of_each_condition():
    images = [voc("a", "cat", "dog"), voc("b", "cat"), voc("c", "cat"), voc("d", "cat", "sofa")]
    with pytest.raises(SelectionError) as refusal:
        select([seeing(2)], images, STUDY, {}, seed=0)
    assert str(refusal.value) == (
        "task 'seeing' asks for 2 images, but 1 of 4 are eligible ('exactly two annotated categories' removed 2;"
        " 'only categories of the study' removed 1); lower its images to 1, or name a larger split or more"
        " dataset.categories"
    )


def many(counts):
    """Images of each pair of categories, as many as `counts` says."""
    return [voc(f"{'-'.join(pair)}-{n}", *pair) for pair, count in counts.items() for n in range(count)]


def test_pairs_of_categories_are_used_equally_as_far_as_they_reach():
    images = many({("cat", "dog"): 100, ("cat", "cow"): 20, ("cow", "dog"): 3})
    (selection,) = select([seeing(23)], images, STUDY, {}, seed=0)
    assert Counter(c.categories for c in selection.chosen) == {
        ("cat", "cow"): 10,
        ("cat", "dog"): 10,
        ("cow", "dog"): 3,
    }


def test_with_more_pairs_than_images_single_categories_are_balanced():
    letters = "abcdef"
    pairs = [(x, y) for x in letters for y in letters if x < y]
    (selection,) = select([seeing(6)], many(dict.fromkeys(pairs, 5)), letters, {}, seed=0)
    assert set(Counter(c for chosen in selection.chosen for c in chosen.categories).values()) == {2}


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_the_split():
    images = many({("cat", "dog"): 30, ("cat", "cow"): 30})
    shuffled = random.Random(5).sample(images, len(images))
    chosen = ids(select([seeing(10)], images, STUDY, {}, seed=1)[0])
    assert ids(select([seeing(10)], shuffled, STUDY, {}, seed=1)[0]) == chosen
    assert ids(select([seeing(10)], images, STUDY, {}, seed=2)[0]) != chosen


def test_tasks_show_different_images_where_there_are_enough():
    """Trust may use all twelve images, discrimination six of them: the one with less to spare chooses first."""
    images = many({("cat", "dog"): 6}) + [voc(f"cat-{n}", "cat") for n in range(6)]
    predictions = {name: {image.image_id: top("cat") for image in images} for name in ("strong", "weak")}
    for requests in ([seeing(6), trusting(6)], [trusting(6), seeing(6)]):
        selections = select(requests, images, STUDY, predictions, seed=0)
        assert [s.request for s in selections] == requests
        assert not set(ids(selections[0])) & set(ids(selections[1]))
        assert [s.shared for s in selections] == [0, 0]


def test_tasks_share_as_few_images_as_possible_and_say_so():
    images = many({("cat", "dog"): 6}) + [voc(f"cat-{n}", "cat") for n in range(6)]
    predictions = {name: {image.image_id: top("cat") for image in images} for name in ("strong", "weak")}
    selections = select([seeing(6), trusting(8)], images, STUDY, predictions, seed=0)
    assert [s.shared for s in selections] == [2, 2]


def test_a_stimulus_that_two_tasks_ask_for_is_one_row_with_both_names_and_the_foil():
    images = [voc("both", "cat", "dog")]
    predictions = {name: {"both": top("dog")} for name in ("strong", "weak")}
    wanted = visualizations(select([seeing(1), trusting(1)], images, STUDY, predictions, seed=0))
    assert [(v.network, v.category, v.foil, v.method, v.tasks) for v in wanted] == [
        ("strong", "cat", "dog", "deconvolution", ("seeing",)),
        ("strong", "cat", "dog", "guided-backprop", ("seeing",)),
        ("strong", "dog", "cat", "deconvolution", ("seeing",)),
        ("strong", "dog", "cat", "guided-backprop", ("seeing", "trusting")),
        ("weak", "dog", "cat", "guided-backprop", ("trusting",)),
    ]


def test_the_foil_of_a_trust_stimulus_is_empty():
    predictions = {name: {"a": top("dog")} for name in ("strong", "weak")}
    wanted = visualizations(select([trusting(1)], [voc("a", "cat", "dog")], STUDY, predictions, seed=0))
    assert [v.foil for v in wanted] == ["", ""]


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_shards_hold_every_visualization_once_in_the_order_of_their_maps(batch_size):
    images = many({("cat", "dog"): 9, ("cat", "cow"): 9})
    predictions = {name: {image.image_id: top("cat") for image in images} for name in ("strong", "weak")}
    requests = [seeing(9), trusting(12, methods=("deconvolution", "guided-grad-cam"))]
    wanted = visualizations(select(requests, images, STUDY, predictions, seed=0))
    made = shards(wanted, batch_size)
    assert Counter(v for shard in made for v in shard.visualizations) == Counter(wanted)
    for shard in made:
        assert len(shard.images) <= batch_size
        nested = [
            (shard.network, image, category, method)
            for image, categories in zip(shard.images, shard.categories, strict=True)
            for category in categories
            for method in shard.methods
        ]
        assert [(v.network, v.image, v.category, v.method) for v in shard.visualizations] == nested


def single(foil, foils=None, networks=("strong",)):
    return StimulusRequest("seeing", "class-discrimination", 3, ("cam",), networks, foil, foils or {})


SINGLE = [
    voc("a", "cat"),
    voc("b", "cat"),
    voc("c", "cat"),
    voc("d", "dog"),
    voc("two", "cat", "dog"),
    voc("s", "sofa"),
]
SEEN = {  # the strongest two of the study's categories
    "strong": {
        "a": ("cat", "dog"),
        "b": ("cow", "cat"),
        "c": ("cat", "cow"),
        "d": ("dog", "cat"),
        "two": ("dog", "cow"),
    },
    "weak": {"a": ("dog", "cow"), "b": ("cow", "dog"), "c": ("dog", "cat"), "d": ("cow", "cat"), "two": ("cat", "dog")},
}
PREDICTED = {
    network: {image: Predicted("sofa", two) for image, two in {**seen, "s": ("cat", "dog")}.items()}
    for network, seen in SEEN.items()
}


@pytest.mark.parametrize(
    ("foil", "strong", "weak"),
    [
        ("runner-up", {"a": "dog", "b": "cow", "c": "cow", "d": "cat"}, {"a": "dog", "b": "cow", "c": "dog", "d": "cow"}),
        # of three cats strong takes two for a cow next; images of two categories count for neither
        ("confusable", {"a": "cow", "b": "cow", "c": "cow", "d": "cat"}, {"a": "dog", "b": "dog", "c": "dog", "d": "cow"}),
    ],
)  # fmt: skip
def test_the_wrong_option_of_a_photograph_with_one_category_is_the_network_s_own(foil, strong, weak):
    (selection,) = select([single(foil, networks=("strong", "weak"))], SINGLE, STUDY, PREDICTED, seed=0)
    assert selection.eligible == 4
    assert selection.removed == {"exactly one annotated category": 1, "only categories of the study": 1}
    made = visualizations([selection])
    assert {v.category for v in made if v.image.image_id == "d"} <= {"dog"}
    for network, right in (("strong", strong), ("weak", weak)):
        found = {v.image.image_id: v.foil for v in made if v.network == network}
        assert len(found) == 3
        assert found == {image: right[image] for image in found}


def test_the_wrong_option_may_be_told_by_a_table():
    told = {"a": "cow", "b": "dog", "c": "cat", "d": "cow", "two": "cow"}
    (selection,) = select([single("table", told)], SINGLE, STUDY, {}, seed=0)
    assert {v.image.image_id: v.foil for v in visualizations([selection])} == {"a": "cow", "b": "dog", "d": "cow"}
    assert selection.removed["another category in the table of foils"] == 2  # of the sofa and of a cat beside a cat
    with pytest.raises(SelectionError, match="'only categories of the study' removed 1"):
        select([single("table", told | {"a": "sofa"})], SINGLE, STUDY, {}, seed=0)


def agreeing(images, matched=False):
    return StimulusRequest("agreeing", "agreement", images, ("grad-cam",), ("strong",), matched=matched)


def predicted(right, wrong, confidence=0.9):
    """Images named after what is predicted for them: `right` of each category, `wrong` cats called dogs."""
    images = [voc(f"{c}-{i}", c) for c in STUDY for i in range(right)] + [
        voc(f"wrong-{i}", "cat") for i in range(wrong)
    ]
    tops = {i.image_id: i.categories[0] if i.image_id[0] != "w" else "tabby" for i in images}
    return images, {"strong": {name: Predicted(top, (top,), confidence) for name, top in tops.items()}}


def test_agreement_shows_as_many_right_as_wrong_predictions_of_each_category_alike():
    images, predictions = predicted(right=9, wrong=5)
    (selection,) = select([agreeing(9)], images, STUDY, predictions, seed=0)
    chosen = Counter(name.split("-")[0] for name in ids(selection))
    assert chosen["wrong"] in (4, 5)
    assert max(chosen[c] for c in STUDY) - min(chosen[c] for c in STUDY) <= 1
    verdicts = {foil for (name, _, _), foil in selection.foils.items() if name.startswith("wrong")}
    assert (verdicts, set(selection.foils.values())) == ({"correct"}, {"correct", "incorrect"})
    assert {category for (name, category, _) in selection.foils if name.startswith("wrong")} == {"tabby"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            2,
            "27 images predicted rightly and 2 images predicted wrongly; lower its images to 4, or take a larger split",
        ),
        (0, "0 images predicted wrongly; take a larger split, more categories that look alike, or another network"),
    ],
)
def test_a_network_that_is_too_good_is_refused_with_the_numbers_and_the_remedy(wrong, message):
    images, predictions = predicted(right=9, wrong=wrong)
    with pytest.raises(SelectionError, match=message):
        select([agreeing(10)], images, STUDY, predictions, seed=0)


def test_matched_predictions_are_shown_of_like_confidence():
    images, predictions = predicted(right=4, wrong=6)
    sure = {"c": 0.9, "d": 0.3, "w": 0.5}
    of = {name: Predicted(p.top, p.strongest, sure[name[0]]) for name, p in predictions["strong"].items()}
    of |= {f"wrong-{i}": Predicted("tabby", ("dog",), c) for i, c in enumerate((0.95, 0.85, 0.31, 0.5, 0.5, 0.5))}
    (selection,) = select([agreeing(6, matched=True)], images, STUDY, {"strong": of}, seed=0)
    assert (selection.eligible, selection.drawn_from) == (len(images), 6)
    bins = Counter((name[0] == "w", of[name].confidence > 0.6) for name in ids(selection))
    assert bins == {(True, True): 2, (True, False): 1, (False, True): 2, (False, False): 1}
    with pytest.raises(SelectionError, match=r"of like confidence \(1 at 20% and more, 0 at 40% and more, 2 at 80%"):
        select([agreeing(8, matched=True)], images, STUDY, {"strong": of}, seed=0)


def test_a_prediction_without_a_name_cannot_be_shown():
    images, predictions = predicted(right=2, wrong=4)
    predictions["strong"]["wrong-0"] = Predicted("output 12", (), 0.9)
    (selection,) = select([agreeing(4)], images, STUDY, predictions, seed=0)
    assert selection.removed["a name for the prediction"] == 1


def test_pictures_of_predictions_that_are_not_computed_yet_are_not_counted_as_lacking():
    """A table explains what the network predicts, wrong categories too: what `select` shows later fits now."""
    images, predictions = predicted(right=3, wrong=9)
    rows = {
        ("strong", name, told.top): Entry(Path("map.npy"), Scores()) for name, told in predictions["strong"].items()
    }
    tables = {"grad-cam": PictureTable("grad-cam", Path("maps.csv"), rows, Rendering("heat-v1"), (10, 10))}
    (selection,) = select([agreeing(18)], images, STUDY, predictions, 0, tables)
    assert len(selection.chosen) == 18
    assert at_most_eligible([agreeing(18)], images, STUDY, tables)["agreeing"][0] == 18
    fewer = {key: row for key, row in rows.items() if key[1] != "wrong-0"}
    with pytest.raises(SelectionError, match=r"17 of 18 are eligible .*'a picture of grad-cam in maps.csv' removed 1"):
        at_most_eligible([agreeing(18)], images, STUDY, {"grad-cam": replace(tables["grad-cam"], entries=fewer)})


def rating(images, networks=("normal", "reset")):
    return StimulusRequest("rating", "rating", images, ("cam",), networks)


def test_each_network_explains_its_own_prediction_and_no_other():
    images = [voc("alike", "cat"), voc("different", "cat")]
    predictions = {
        "normal": {"alike": top("cat"), "different": top("cat")},
        "reset": {"alike": top("cat"), "different": top("sofa")},
    }
    selections = select([rating(2)], images, STUDY, predictions, seed=0)
    drawn = {(v.image.image_id, v.network, v.method): v.category for v in visualizations(selections)}
    assert {key[:2]: category for key, category in drawn.items()} == {
        ("alike", "normal"): "cat",
        ("alike", "reset"): "cat",
        ("different", "normal"): "cat",
        ("different", "reset"): "sofa",
    }
    assert len(drawn) == 8, "an explanation and the photograph of each"


def test_images_without_a_prediction_of_each_network_are_counted():
    images = [voc("told", "cat"), voc("untold", "cat")]
    predictions = {
        "normal": dict.fromkeys(("told", "untold"), top("cat")),
        "reset": {"told": top("cat"), "untold": top("")},
    }
    message = (
        "asks for 2 images, but 1 of 2 are eligible .'a prediction of each network' removed 1.*lower its images to 1"
    )
    with pytest.raises(SelectionError, match=message):
        select([rating(2)], images, STUDY, predictions, seed=0)


def test_no_image_shows_what_a_network_out_of_distribution_knows():
    images = [voc("known", "cat", "sofa"), voc("strange", "sofa")]
    predictions = {"normal": dict.fromkeys(("known", "strange"), top("sofa"))}
    predictions["foreign"] = dict.fromkeys(("known", "strange"), top("cat"))
    request = replace(rating(1, ("normal", "foreign")), foreign={"foreign": ("cat", "dog")})
    (selection,) = select([request], images, STUDY, predictions, seed=0)
    assert ids(selection) == ["strange"]
    with pytest.raises(SelectionError, match="'no object that a network out of distribution knows' removed 1"):
        select([replace(request, images=2)], images, STUDY, predictions, seed=0)
