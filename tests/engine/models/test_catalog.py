"""The rows of the catalog: complete, true to torchvision, found by name and by search."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections import Counter

import pytest
import torchvision

from engine.errors import ThawError
from engine.models import timm_models
from engine.models.catalog import CATALOG, ModelSpec, WeightsSource, check_exportable, find_model, for_weights
from engine.models.make_facts import torchvision_table
from engine.models.make_timm_facts import facts_of, kept_top1
from engine.models.pretrained.titles import title_of
from engine.models.rows.families import FAMILIES
from engine.models.tables import list_models, search_all

SPECS = pytest.mark.parametrize("spec", CATALOG.values(), ids=CATALOG)


def test_torchvisions_table_is_true() -> None:
    """Mend with `python -m engine.models.make_facts`."""
    assert (timm_models.TABLES / "torchvision.json").read_text(encoding="utf-8") == torchvision_table()


def test_all_of_torchvisions_classification_models_are_rows() -> None:
    names = torchvision.models.list_models(module=torchvision.models)
    assert {name for name, spec in CATALOG.items() if spec.source == "torchvision"} == set(names)


def test_timms_tables_agree() -> None:
    """The curated rows are kept apart to be read quickly; both are made by one command."""
    kept = json.loads((timm_models.TABLES / "timm_curated.json").read_text(encoding="utf-8"))
    assert {row["name"]: row for row in kept}.items() <= timm_models.facts().items()
    assert {spec.name for spec in CATALOG.values() if spec.source == "timm"} == {row["name"] for row in kept}


@SPECS
def test_a_row_says_what_a_person_needs(spec: ModelSpec) -> None:
    assert spec.title and spec.summary.endswith(".") and spec.brought.endswith(".") and spec.licence
    assert 1980 < spec.year < 2030 and spec.flops > 0 and spec.parameters > 0 and spec.curated
    assert spec.recipe.source and 0 < spec.recipe.learning_rate < 0.1
    assert spec.smallest_size <= spec.input_size and (spec.smallest_size == spec.input_size or not spec.fixed_size)
    names = [source.name for source in spec.weights]
    assert len(set(names)) == len(names) and all(source.licence for source in spec.weights)
    assert len({source.file_name for source in spec.weights}) == len(names)


@SPECS
def test_the_first_weights_are_the_best_on_imagenet_that_may_be_used_freely(spec: ModelSpec) -> None:
    ranked = [source for source in spec.weights if not source.title.startswith("3.6 billion")]
    free = [source.imagenet_top1 for source in ranked if "px" not in source.title and source.imagenet_top1]
    assert free == sorted(free, reverse=True)
    if ranked:
        assert spec.weights[0] == ranked[0]


def test_the_short_lists_are_short() -> None:
    counts = Counter(need for spec in CATALOG.values() for need in spec.needs)
    assert set(counts) == {"laptop", "balanced", "accurate", "small-data"}
    assert all(2 <= count <= 5 for count in counts.values())


def test_every_family_has_a_row() -> None:
    assert set(FAMILIES) <= {spec.family for spec in CATALOG.values()}


def test_what_cannot_be_one_file_is_refused_with_a_sentence() -> None:
    too_large = [name for name, spec in CATALOG.items() if 4 * spec.parameters > 2**31 - 1]
    assert too_large == ["regnet_y_128gf", "vit_h_14"]
    for name in too_large:
        with pytest.raises(ThawError, match=r"is too large \(2\.4 GiB\) to become one model file"):
            check_exportable(find_model(name))
    check_exportable(find_model("vit_l_16"))


# --- timm --------------------------------------------------------------------------------------------------------


def test_any_of_timms_models_is_found_by_its_name() -> None:
    spec = find_model("timm/resnet50")
    assert (spec.source, spec.library_name, spec.head.path, spec.curated) == ("timm", "resnet50", "fc", False)
    assert spec.weights[0].url.startswith("https://huggingface.co/timm/resnet50.")
    assert spec.weights[0].file_name.startswith("resnet50.") and spec.weights[0].sha256_start == ""


def test_weights_of_another_domain_are_a_choice_with_its_own_title() -> None:
    titles = [source.title for source in find_model("timm/vit_small_patch14_dinov2").weights]
    assert titles == ["LVD-142M, without labels (DINOv2)"]
    titles = [source.title for source in find_model("timm/eva02_large_patch14_clip_336").weights]
    assert "Merged-2B (EVA-CLIP), then iNaturalist 2021" in titles


def test_nearest_names_are_told() -> None:
    with pytest.raises(ThawError, match="did you mean timm/resnet26"):
        find_model("resnet26")
    with pytest.raises(ThawError, match="did you mean resnet50"):
        find_model("resnet_50")


def test_most_of_timm_is_there_and_what_is_not_says_why() -> None:
    lines = gzip.decompress((timm_models.TABLES / "timm.jsonl.gz").read_bytes()).splitlines()
    left_out = json.loads(lines[-1])["left_out"]
    assert len(timm_models.facts()) > 1000 and len(left_out) < 150
    assert all(left_out.values()) and not set(left_out) & set(timm_models.facts())
    for name in timm_models.facts():
        spec = find_model(timm_models.PREFIX + name)
        assert (
            spec.blocks[-1] == (spec.head.path,) and spec.head.features > 0 and 0 < spec.last_blocks < len(spec.blocks)
        )


@pytest.mark.parametrize("name", ["resnetv2_50", "vit_tiny_patch16_224", "convnextv2_atto", "mobilenetv3_small_100"])
def test_a_row_of_timms_table_is_true(name: str) -> None:
    """Mend with `python -m engine.models.make_facts --timm`."""
    assert json.loads(json.dumps(facts_of(name, kept_top1()))) == timm_models.facts()[name]


def test_pixels_are_scaled_as_the_chosen_weights_want_them() -> None:
    spec = find_model("resnet18")
    other = WeightsSource("https://example.org/other.pth", name="other", mean=(0.5,) * 3, std=(0.25,) * 3)
    both = dataclasses.replace(spec, weights=(*spec.weights, other))
    assert (for_weights(both, "other").mean, for_weights(both, "other").std) == ((0.5,) * 3, (0.25,) * 3)
    assert for_weights(both, "imagenet1k") is both and for_weights(both, None) is both


@pytest.mark.parametrize(
    ("tag", "title"),
    [
        ("a1_in1k", "ImageNet-1k"),
        ("fb_in22k_ft_in1k_384", "ImageNet-22k, then ImageNet-1k"),
        ("laion2b_ft_in12k_in1k", "LAION-2B (CLIP), then ImageNet-12k, then ImageNet-1k"),
        ("fcmae_ft_in1k", "ImageNet-1k"),
        ("fcmae", "ImageNet-1k, without labels (masked)"),
        ("some_new_thing", "trained as “some_new_thing”"),
    ],
)
def test_what_weights_were_trained_on_is_read_from_their_tag(tag: str, title: str) -> None:
    assert title_of(tag) == title


# --- the list ----------------------------------------------------------------------------------------------------


def test_the_list_is_the_catalog() -> None:
    rows = list_models()
    assert [row.name for row in rows] == list(CATALOG)
    assert all(row.speed in ("fast", "medium", "slow") and row.brought and row.flops for row in rows)
    assert [row.name for row in rows if row.too_large] == ["regnet_y_128gf", "vit_h_14"]


def test_the_search_finds_words_in_names_titles_and_what_weights_know() -> None:
    assert [row.name for row in search_all("squeezenet 1.1")] == ["squeezenet1_1"]
    assert {row.name for row in search_all("instagram")} >= {"regnet_y_16gf", "vit_b_16"}
    found = search_all("dinov2 small")
    assert found and all(row.name.startswith("timm/") and "dinov2" in row.name for row in found)
    assert len(search_all("", limit=150)) == 150 and not search_all("no such thing at all")
    curated = [row.curated for row in search_all("resnet", limit=None)]
    assert curated == sorted(curated, reverse=True), "curated rows first"
