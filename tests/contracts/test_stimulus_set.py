"""A stimulus set is read whole or refused with the reason; the reader is light."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from contracts import stimulus_set
from contracts.stimulus_set import Stimulus, StimulusSetError
from stimuli.produce.publishing import is_complete, publish
from stimuli.produce.storage import Folder


def stimulus(folder, number, **changes):
    """A row whose picture lies in `folder`."""
    content = f"picture {number}".encode()
    sha256 = hashlib.sha256(content).hexdigest()
    made = Stimulus(
        stimulus_id=stimulus_set.stimulus_id(f"img{number}", "dog", "c" * 64, "features.3", "grad-cam", "paper-v1"),
        tasks=("seeing", "trusting"),
        image_id=f"img{number}",
        category="dog",
        foil="",
        network="strong",
        method="grad-cam",
        file=stimulus_set.image_file(sha256),
        sha256=sha256,
        width=64,
        height=48,
        logit=-1.25e-7 * number,
        probability=0.1 + 0.2,
        is_correct=bool(number % 2),
    )
    Folder(folder).write({made.file: content})
    return replace(made, **changes)


@pytest.fixture
def whole(tmp_path):
    stimuli = [stimulus(tmp_path, number) for number in range(4)]
    provenance = {"request_sha256": "r", "networks": {"strong": {"checkpoint_sha256": "c"}}}
    publish(Folder(tmp_path), stimuli, provenance)
    return tmp_path, stimuli


def write_table(folder, *stimuli):
    (folder / stimulus_set.TABLE).write_bytes(stimulus_set.table_of(stimuli))


def test_a_set_is_read_as_it_was_written_sorted_by_id(whole):
    folder, stimuli = whole
    assert stimulus_set.read_stimuli(folder) == tuple(sorted(stimuli, key=lambda s: s.stimulus_id))
    assert stimulus_set.verify(folder) == 4


def test_the_table_does_not_depend_on_the_order_of_its_rows(whole):
    folder, stimuli = whole
    assert (
        (folder / stimulus_set.TABLE).read_bytes()
        == stimulus_set.table_of(stimuli)
        == stimulus_set.table_of(stimuli[::-1])
    )


def test_the_table_s_lines_end_as_on_every_system(whole):
    folder, _ = whole
    table = (folder / stimulus_set.TABLE).read_bytes()
    assert table.count(b"\n") == 5
    assert b"\r" not in table


@pytest.mark.parametrize("changes", [{"width": 1, "height": 1}, {"probability": 0.0}, {"probability": 1.0}])
def test_the_least_and_the_most_that_is_possible_is_taken(tmp_path, changes):
    edge = stimulus(tmp_path, 1, **changes)
    write_table(tmp_path, edge)
    assert stimulus_set.read_stimuli(tmp_path) == (edge,)


def test_what_a_picture_made_elsewhere_does_not_tell_stays_empty(tmp_path):
    made = stimulus(tmp_path, 1, logit=None, probability=None, is_correct=None)
    assert stimulus_set.table_of([made]).endswith(b",64,48,,,\n")
    write_table(tmp_path, made)
    assert stimulus_set.read_stimuli(tmp_path) == (made,)


def test_a_picture_is_in_the_folder_of_the_first_two_digits_of_its_hash():
    assert stimulus_set.image_file("abcdef") == "images/ab/abcdef.png"


@pytest.mark.parametrize(
    ("sizes", "is_taken"),
    [
        ([(64, 48), (128, 96)], True),  # with tiles, two in each direction
        ([(64, 48), (64, 48), (128, 96)], True),
        ([(64, 48), (32, 24)], True),
        ([(64, 48), (96, 96)], False),
        ([(64, 48), (128, 48)], False),
        ([(64, 48), (64, 49)], False),
        ([(64, 48), (128, 96), (256, 192)], False),
    ],
)
def test_pictures_have_one_size_or_twice_that_size_in_both_directions(tmp_path, sizes, is_taken):
    rows = [stimulus(tmp_path, n, width=width, height=height) for n, (width, height) in enumerate(sizes)]
    write_table(tmp_path, *rows)
    if is_taken:
        assert len(stimulus_set.read_stimuli(tmp_path)) == len(rows)
        return
    with pytest.raises(StimulusSetError, match="pictures of one set have one size, here are"):
        stimulus_set.read_stimuli(tmp_path)


@pytest.mark.parametrize(
    ("foil", "size", "is_taken"),
    [
        ("photographs|cat|a|dog|b", (64, 96), True),
        ("photographs|cat|a|dog|b|cat|c", (64, 144), True),
        ("photographs|cat|a|dog|b", (64, 48), False),
        ("photographs|cat|a|dog|b", (128, 96), False),
        ("cat", (64, 96), False),
    ],
)
def test_each_photograph_of_a_sheet_has_the_size_of_the_other_pictures(tmp_path, foil, size, is_taken):
    write_table(tmp_path, stimulus(tmp_path, 1), stimulus(tmp_path, 2, foil=foil, width=size[0], height=size[1]))
    if is_taken:
        assert len(stimulus_set.read_stimuli(tmp_path)) == 2
        return
    with pytest.raises(StimulusSetError, match="pictures of one set have one size, here are"):
        stimulus_set.read_stimuli(tmp_path)


def test_names_with_separators_in_them_survive(tmp_path):
    odd = stimulus(tmp_path, 1, image_id='a,"b"\nc\rd\r\ne', category="tv monitor; old", foil="é")
    write_table(tmp_path, odd)
    assert stimulus_set.read_stimuli(tmp_path) == (odd,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stimulus_id": "../../etc"}, "is not 32 hexadecimal digits"),
        ({"file": "images/../../secret.png"}, "is not named by its sha256"),
        ({"sha256": "0" * 64}, "is not named by its sha256"),
        ({"category": ""}, "category is empty"),
        ({"network": "", "image_id": ""}, "image_id, network is empty"),
        ({"tasks": ()}, "no task asks for this stimulus"),
        ({"width": 0}, "width, height or logit is impossible"),
        ({"height": 0}, "width, height or logit is impossible"),
        ({"logit": float("nan")}, "width, height or logit is impossible"),
        ({"probability": 1.5}, "probability 1.5 is not between 0 and 1"),
        ({"width": "wide"}, "invalid literal for int"),
        ({"logit": "high"}, "could not convert string to float"),
    ],
)
def test_an_impossible_row_is_refused_with_its_line_and_the_remedy(tmp_path, change, message):
    write_table(tmp_path, stimulus(tmp_path, 1, **change))
    with pytest.raises(StimulusSetError, match=rf"stimuli.csv, line 2: (\S+ \S+ )?{message}.*generate-stimuli"):
        stimulus_set.read_stimuli(tmp_path)


def _cut_in_half(folder):
    table = folder / stimulus_set.TABLE
    table.write_bytes(table.read_bytes()[: table.stat().st_size // 2])


def _without_a_column(folder):
    table = folder / stimulus_set.TABLE
    table.write_text(table.read_text().replace("logit,", ""))


def _not_utf8(folder):
    (folder / stimulus_set.TABLE).write_bytes(b"\xff\xfe\x00")


def _twice(folder):
    table = folder / stimulus_set.TABLE
    table.write_text(table.read_text() + table.read_text().splitlines()[-1] + "\n")


def _empty(folder):
    table = folder / stimulus_set.TABLE
    table.write_text(table.read_text().splitlines()[0] + "\n")


def _one_picture_less(folder):
    next((folder / stimulus_set.IMAGES).rglob("*.png")).unlink()


def _nothing(folder):
    (folder / stimulus_set.TABLE).write_bytes(b"")


def _a_cell_too_many(folder):
    table = folder / stimulus_set.TABLE
    table.write_text(table.read_text().replace("\n", ",1\n").replace(",1\n", "\n", 1))


def _a_quote_that_does_not_end(folder):
    table = folder / stimulus_set.TABLE
    table.write_text(table.read_text()[:-1] + ',"')


def _unfinished(folder):
    (folder / stimulus_set.TABLE).unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_unfinished, "no finished stimulus set"),
        (_cut_in_half, "line|cannot be read"),
        (_without_a_column, "the columns are"),
        (_nothing, r"stimuli.csv: the columns are \[\], expected"),
        (_a_cell_too_many, r"stimuli.csv, line 2: zip\(\)"),
        (_a_quote_that_does_not_end, "stimuli.csv cannot be read .unexpected end of data"),
        (_not_utf8, "cannot be read"),
        (_twice, "stimuli.csv: it is empty, or its rows are repeated or out of order"),
        (_empty, "it is empty"),
        (_one_picture_less, "1 of 4 pictures are missing, the first is images/"),
    ],
)
def test_a_damaged_set_is_refused_with_the_remedy(whole, damage, message):
    folder, _ = whole
    damage(folder)
    with pytest.raises(StimulusSetError, match=rf"({message}).*run `./manage.py generate-stimuli"):
        stimulus_set.read_stimuli(folder)
    assert not is_complete(Folder(folder), "r", {"strong": "c"})


def test_pictures_of_two_sizes_are_refused(tmp_path):
    write_table(tmp_path, stimulus(tmp_path, 1), stimulus(tmp_path, 2, width=32))
    with pytest.raises(StimulusSetError, match=r"one size, here are \[\(32, 48\), \(64, 48\)\]"):
        stimulus_set.read_stimuli(tmp_path)


def test_verify_finds_an_altered_picture(whole):
    folder, stimuli = whole
    (folder / stimuli[2].file).write_bytes(b"something else")
    with pytest.raises(StimulusSetError, match=rf"1 of 4 pictures .* the first is {stimuli[2].file}"):
        stimulus_set.verify(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "provenance.json is missing"),
        ("{", "provenance.json cannot be read"),
        ("[]", r"provenance.json: it does not say which request the set answers \(request_sha256\)"),
        (
            '{"request_sha256": "r"}',
            r"provenance.json: it does not say which checkpoints the set was made from \(networks\)",
        ),
    ],
)
def test_a_damaged_provenance_is_refused_with_the_remedy(whole, content, message):
    folder, _ = whole
    file = folder / stimulus_set.PROVENANCE
    file.unlink() if content is None else file.write_text(content)
    with pytest.raises(StimulusSetError, match=rf"{message}.*run `./manage.py generate-stimuli"):
        stimulus_set.read_provenance(folder)


def test_a_set_is_complete_for_its_own_request_and_checkpoints_only(whole):
    folder, _ = whole
    assert is_complete(Folder(folder), "r", {"strong": "c"})
    assert not is_complete(Folder(folder), "another request", {"strong": "c"})
    assert not is_complete(Folder(folder), "r", {"strong": "retrained"})
    assert not is_complete(Folder(folder / "elsewhere"), "r", {"strong": "c"})


def test_provenance_is_json_that_is_the_same_every_time(whole):
    folder, stimuli = whole
    before = (folder / stimulus_set.PROVENANCE).read_bytes()
    publish(Folder(folder), stimuli, dict(reversed(json.loads(before).items())))
    assert (folder / stimulus_set.PROVENANCE).read_bytes() == before


def test_the_id_depends_on_everything_that_decides_the_pixels():
    given = ["img", "dog", "c" * 64, "features.3", "grad-cam", "paper-v1"]
    ids = {stimulus_set.stimulus_id(*given)}
    ids |= {stimulus_set.stimulus_id(*given[:place], given[place] + "x", *given[place + 1 :]) for place in range(6)}
    assert len(ids) == 7
    assert (
        stimulus_set.stimulus_id("a", "b", "c", "d", "e", "f")
        == hashlib.sha256(b"a\x1fb\x1fc\x1fd\x1fe\x1ff").hexdigest()[:32]
    )


def test_a_web_worker_can_import_the_manifest_without_torch_or_pillow():
    loaded = "import sys, contracts.stimulus_set; print({'torch', 'PIL', 'numpy', 'pydantic'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout.strip() == "set()"
