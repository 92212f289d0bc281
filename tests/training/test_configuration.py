from __future__ import annotations

from pathlib import Path

import pytest

from rebalance._base.errors import ConfigError
from rebalance.separation.mask_network import PRESETS
from rebalance.training import Experiment, TrainSettings, read_recipe, read_settings
from rebalance.training.data import Material

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.mark.parametrize("recipe", ["default"])
def test_the_settings_of_a_recipe_are_all_known(recipe: str) -> None:
    experiment = read_settings(RECIPES / recipe / "config.yaml", Experiment)
    assert experiment.network.unet.channels == (16, 32, 64, 128, 192)
    assert experiment.data.train[0] == Path("data/train-soundfonts")


def test_the_material_of_a_recipe_holds_no_piece_twice_and_none_of_the_evaluation() -> None:
    from rebalance.synthesis.notation._curated_pieces import EXCLUDED, curated_pieces

    material = read_settings(RECIPES / "default" / "stems.yaml", Material)
    assert not set(material.pieces["train"]) & set(material.pieces["valid"])
    assert not {*material.pieces["train"], *material.pieces["valid"]} & EXCLUDED
    assert set(material.pieces["train"]) <= set(curated_pieces("train"))
    assert set(material.pieces["valid"]) <= set(curated_pieces("valid"))


@pytest.mark.parametrize("variant", sorted(PRESETS))
def test_every_variant_of_the_default_recipe_is_one_of_its_networks(variant: str) -> None:
    experiment = read_recipe(RECIPES / "default", variant, Experiment, ("train.steps=7",))
    assert experiment.network == PRESETS[variant]
    assert experiment.network.causal is (variant == "causal")
    assert experiment.train.steps == 7


def test_an_unknown_variant_is_answered_with_the_one_meant() -> None:
    with pytest.raises(ConfigError, match=r"no variant 'causel'.*causal"):
        read_recipe(RECIPES / "default", "causel", Experiment)


def test_values_given_on_the_command_line_win() -> None:
    overrides = ("train.steps=7", "network.unet.channels=[8,16]", "train.loss.masks_only=false")
    experiment = read_settings(RECIPES / "default" / "config.yaml", Experiment, overrides)
    assert experiment.train.steps == 7
    assert experiment.network.unet.channels == (8, 16)
    assert not experiment.train.loss.masks_only


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stepz: 3", "unknown key 'stepz'.*did you mean 'steps'"),
        ("learning_rate: 1.0", "missing steps"),
        ("steps: many", "steps: expected int, got 'many'"),
        ("steps: true", "steps: expected int, got True"),
        ("{steps: 3, learning_rate: [1]}", "learning_rate: expected a number"),
        ("{steps: 3, loss: {resolutions: 4096}}", "resolutions: expected a list"),
        ("steps: 0", "steps: expected at least 1"),
        ("[1, 2]", "cannot read the settings"),
        ("steps: [", "cannot read"),
    ],
)
def test_wrong_settings_are_one_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_settings(path, TrainSettings)
