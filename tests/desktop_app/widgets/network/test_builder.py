"""The builder of networks: what each row gives in sight, and nothing saved that could not be built."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QComboBox, QSpinBox
from pytestqt.qtbot import QtBot

from desktop_app import dialogs
from desktop_app.widgets.figures import count
from desktop_app.widgets.network.builder import NetworkBuilderDialog
from desktop_app.widgets.network.parts import PARAMETERS, SEES
from desktop_app.widgets.network.table import FIELD, KIND, NUMBER, OUTPUT, SETTINGS
from desktop_app.widgets.network.words import free_title, settings_in_words
from engine.models.network.files import read_network, save_network
from engine.models.network.presets import LENET5, MLP, PRESETS, SMALL_RESIDUAL
from engine.models.network.rows import Conv, Dropout, Flatten, Network, Norm, Pooling, Residual, make_row


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("THAW_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked; the answer is yes."""
    questions: list[str] = []

    def ask(_parent: object, question: str, *_words: str) -> bool:
        questions.append(question)
        return True

    monkeypatch.setattr(dialogs, "ask", ask)
    return questions


@pytest.fixture
def builder(qtbot: QtBot) -> NetworkBuilderDialog:
    builder = NetworkBuilderDialog(classes=10, taken=("mlp", "lenet5"))
    builder.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(builder)
    builder.start_from(LENET5)
    builder.show()
    return builder


def cell(builder: NetworkBuilderDialog, line: int, column: int) -> str:
    return str(builder.parts.table.rows.index(line, column).data())


def column(builder: NetworkBuilderDialog, number: int) -> list[str]:
    return [cell(builder, line, number) for line in range(builder.parts.table.rows.rowCount())]


def go_to(builder: NetworkBuilderDialog, *place: int) -> None:
    line = builder.parts.table.rows.line_of(place)
    builder.parts.table.setCurrentIndex(builder.parts.table.rows.index(line, KIND))


def kinds(builder: NetworkBuilderDialog) -> list[str]:
    return [row.kind for row in builder.network.rows]


def spin(builder: NetworkBuilderDialog, name: str) -> QSpinBox:
    widget = builder.parts.form.field(name).widget
    assert isinstance(widget, QSpinBox)
    return widget


def test_each_row_says_what_it_gives(builder: NetworkBuilderDialog) -> None:
    assert column(builder, KIND) == [
        *("Convolution", "Pooling", "Convolution", "Pooling", "Flatten", "Linear", "Activation", "Head"),
    ]
    assert column(builder, OUTPUT)[:5] == ["20 × 24 × 24", "20 × 12 × 12", "50 × 8 × 8", "50 × 4 × 4", "800"]
    assert column(builder, FIELD) == ["5", "6", "14", "16", "all", "all", "all", "all"]
    assert cell(builder, 0, SETTINGS) == "20 channels · 5 × 5 · no padding"
    assert builder.parts.facts.values[PARAMETERS].text() == count(431_080)
    assert builder.parts.facts.values[SEES].text() == "16 px of 28"
    assert f"Multi-layer perceptron {count(235_146)}" in builder.parts.others.whole()


def test_the_presets_are_compared_for_the_same_images(builder: NetworkBuilderDialog) -> None:
    builder.parts.channels.setCurrentIndex(builder.parts.channels.findData(3))
    builder.parts.channels.activated.emit(builder.parts.channels.currentIndex())
    assert builder.network.channels == 3
    larger = 3 * 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10
    assert f"Multi-layer perceptron {count(larger)}" in builder.parts.others.whole()


def test_an_impossible_row_says_why_below_it(builder: NetworkBuilderDialog) -> None:
    go_to(builder, 2)
    spin(builder, "kernel").setValue(31)
    sentence = "A 31×31 convolution needs at least 31×31 pixels; only 12×12 are left here."
    assert cell(builder, 3, KIND) == sentence
    reason = builder.parts.table.rows.index(3, KIND)
    assert reason.data(Qt.ItemDataRole.DecorationRole) is not None
    assert not reason.flags() & Qt.ItemFlag.ItemIsSelectable
    row = builder.parts.table.rows.index(2, KIND)
    assert row.data(Qt.ItemDataRole.AccessibleTextRole) == f"Row 3, Convolution, impossible: {sentence}"
    assert column(builder, OUTPUT)[2] == "✗"
    assert column(builder, OUTPUT)[4:] == ["–"] * 5
    assert not builder.parts.save.isEnabled()
    assert builder.parts.reason.text() == "✗ Row 3 is impossible as it stands."
    spin(builder, "kernel").setValue(3)
    assert builder.parts.save.isEnabled()
    assert builder.parts.reason.text() == ""


def test_a_network_that_does_not_end_flat_says_so_at_its_head(builder: NetworkBuilderDialog) -> None:
    for _ in range(3):
        go_to(builder, 4)
        builder.parts.actions["remove"].trigger()
    assert column(builder, KIND)[-1] == "The head needs a flat input: end with Flatten or Global average pooling."
    assert not builder.parts.save.isEnabled()


def test_rows_are_added_duplicated_and_removed(builder: NetworkBuilderDialog) -> None:
    go_to(builder, 0)
    builder.add("norm")
    assert kinds(builder)[:3] == ["conv", "norm", "pooling"]
    assert builder.parts.table.place() == (1,)
    builder.parts.actions["duplicate"].trigger()
    assert kinds(builder)[:4] == ["conv", "norm", "norm", "pooling"]
    builder.parts.actions["remove"].trigger()
    go_to(builder, len(builder.network.rows))  # the head
    builder.add("dropout")
    assert kinds(builder)[-1] == "dropout"
    assert not any(row.kind == "norm" for row in builder.network.rows[2:])


def test_a_block_is_filled(builder: NetworkBuilderDialog) -> None:
    go_to(builder, 1)
    builder.add("residual")
    assert "needs at least one row" in cell(builder, 3, KIND)
    builder.add("conv")
    assert builder.parts.table.place() == (2, 0)
    builder.add("activation")
    assert builder.parts.table.place() == (2, 1)
    block = builder.network.rows[2]
    assert isinstance(block, Residual)
    assert [row.kind for row in block.rows] == ["conv", "activation"]
    assert column(builder, NUMBER)[2:5] == ["3", "3.1", "3.2"]
    offered = [builder.parts.form.kind.itemData(place) for place in range(builder.parts.form.kind.count())]
    assert "residual" not in offered and "conv" in offered


def test_keys_move_copy_and_remove_rows(builder: NetworkBuilderDialog, qtbot: QtBot) -> None:
    table = builder.parts.table
    go_to(builder, 0)
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert kinds(builder)[:2] == ["pooling", "conv"]
    assert table.place() == (1,)
    qtbot.keyClick(table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert builder.network == LENET5
    qtbot.keyClick(table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert kinds(builder)[:2] == ["conv", "conv"]
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert builder.network == LENET5


def test_buttons_are_off_where_they_do_nothing(builder: NetworkBuilderDialog) -> None:
    actions = builder.parts.actions
    go_to(builder, 0)
    assert not actions["up"].isEnabled() and actions["down"].isEnabled()
    go_to(builder, len(builder.network.rows))
    assert not any(actions[name].isEnabled() for name in ("up", "down", "remove", "duplicate", "undo", "redo"))


def drop(builder: NetworkBuilderDialog, source: tuple[int, ...], line: int, on: QModelIndex | None = None) -> None:
    rows = builder.parts.table.rows
    data = rows.mimeData([rows.index(rows.line_of(source), KIND)])
    taken = rows.dropMimeData(data, Qt.DropAction.MoveAction, line, 0, on or QModelIndex())
    assert not taken, "the view would take out the row a second time"


def test_rows_are_dragged(builder: NetworkBuilderDialog) -> None:
    drop(builder, (6,), 0)
    assert kinds(builder)[0] == "activation"
    drop(builder, (0,), len(builder.parts.table.rows.lines))
    assert builder.network == LENET5
    builder.start_from(SMALL_RESIDUAL)
    block = builder.parts.table.rows.index(builder.parts.table.rows.line_of((3,)), KIND)
    drop(builder, (2,), -1, block)  # onto the block
    inner = builder.network.rows[2]
    assert isinstance(inner, Residual) and inner.rows[-1].kind == "activation"


def test_steps_of_a_number_are_undone_at_once(builder: NetworkBuilderDialog) -> None:
    go_to(builder, 5)
    for units in (40, 400, 4000):
        spin(builder, "units").setValue(units)
    assert builder.undo_stack.count() == 1
    builder.parts.actions["undo"].trigger()
    assert builder.network == LENET5
    assert spin(builder, "units").value() == 500
    builder.parts.actions["redo"].trigger()
    assert spin(builder, "units").value() == 4000


def test_the_kind_of_a_row_is_changed_in_place(builder: NetworkBuilderDialog, qtbot: QtBot) -> None:
    go_to(builder, 1)
    form = builder.parts.form
    form.kind.activated.emit(form.kind.findData("norm"))
    assert builder.network.rows[1] == Norm()
    over, groups = form.field("over").widget, form.field("groups").widget
    assert isinstance(over, QComboBox)
    qtbot.waitUntil(over.isVisible)
    assert not groups.isVisible()
    over.setCurrentIndex(over.findData("group"))
    qtbot.waitUntil(groups.isVisible)
    assert "8 groups do not divide the 20 channels here." in column(builder, KIND)


def test_the_image_belongs_to_the_network_and_can_be_undone(builder: NetworkBuilderDialog) -> None:
    builder.parts.size.widget.setValue(64)  # type: ignore[attr-defined]
    box = builder.parts.initialisation.widget
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData("he-uniform"))
    assert (builder.network.input_size, builder.network.initialisation) == (64, "he-uniform")
    assert column(builder, OUTPUT)[0] == "20 × 60 × 60"
    builder.parts.actions["undo"].trigger()
    builder.parts.actions["undo"].trigger()
    assert builder.network == LENET5


def test_it_is_saved_under_its_name(builder: NetworkBuilderDialog, qtbot: QtBot, folder: Path) -> None:
    builder.parts.name.setText("My first CNN")
    with qtbot.waitSignal(builder.saved) as told:
        builder.parts.save.click()
    assert told.args == ["my_first_cnn"]
    assert not builder.isVisible()
    written = read_network(folder / "my_first_cnn.toml")
    assert written == LENET5.model_copy(update={"title": "My first CNN"})


@pytest.mark.parametrize(
    ("name", "words"), [("", "Give the network a name"), ("花", "with letters or digits"), ("MLP", "that Thaw brings")]
)
def test_a_name_that_cannot_be_is_explained(builder: NetworkBuilderDialog, name: str, words: str) -> None:
    builder.parts.name.setText(name)
    assert words in builder.parts.reason.text()
    assert not builder.parts.save.isEnabled()


def test_another_network_of_that_name_is_replaced_only_when_wanted(
    builder: NetworkBuilderDialog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_network(MLP.model_copy(update={"title": "Mine"}))
    builder.parts.name.setText("Mine")
    monkeypatch.setattr(dialogs, "ask", lambda *_words: False)
    builder.save()
    assert read_network(folder / "mine.toml").rows == MLP.rows
    assert builder.isVisible()


def test_ones_own_network_is_gone_on_with(qtbot: QtBot, asked: list[str]) -> None:
    path = save_network(MLP.model_copy(update={"title": "Mine"}))
    builder = NetworkBuilderDialog(path=path)
    builder.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(builder)
    assert (builder.parts.name.text(), builder.network.rows) == ("Mine", MLP.rows)
    builder.add("dropout")
    builder.save()
    assert asked == []
    assert Dropout() in read_network(path).rows


def test_a_damaged_file_is_said_and_the_builder_opens(qtbot: QtBot, folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.toml").write_text('title = "Mine"\nrows = 3', encoding="utf-8")
    builder = NetworkBuilderDialog(path=folder / "mine.toml")
    builder.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(builder)
    (box,) = builder.findChildren(dialogs.ErrorBox)
    assert "Rows" in box.sentence
    box.close()
    assert builder.network.rows


def test_another_kind_of_model_is_left_alone(qtbot: QtBot, folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.toml").write_text('base = "resnet18"', encoding="utf-8")
    builder = NetworkBuilderDialog(path=folder / "mine.toml")
    builder.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(builder)
    assert builder.findChildren(dialogs.ErrorBox) == []
    assert builder.parts.name.text() == "My network"


def test_own_networks_are_offered_to_begin_with(qtbot: QtBot, folder: Path) -> None:
    save_network(MLP.model_copy(update={"title": "Mine"}))
    (folder / "weights_of_something.toml").write_text('architecture = "resnet18"', encoding="utf-8")
    builder = NetworkBuilderDialog()
    builder.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(builder)
    menu = builder.parts.begin.menu()
    assert menu is not None
    names = [action.text() for action in menu.actions() if action.text()]
    assert names == [*(preset.title for preset in PRESETS.values()), "Mine"]
    menu.actions()[-1].trigger()
    assert builder.parts.name.text() == "Mine"


def test_what_was_built_is_asked_about_before_it_is_left(builder: NetworkBuilderDialog, asked: list[str]) -> None:
    builder.reject()
    assert asked == []
    builder.show()
    builder.add("dropout")
    builder.reject()
    assert asked == ["Leave without saving?"]


def test_enter_in_a_number_takes_the_number_and_saves_nothing(builder: NetworkBuilderDialog, qtbot: QtBot) -> None:
    go_to(builder, 5)
    units = spin(builder, "units")
    builder.activateWindow()
    units.setFocus()
    units.selectAll()
    qtbot.keyClicks(units, "77")
    qtbot.keyClick(units, Qt.Key.Key_Return)
    assert builder.isVisible()
    assert builder.network.rows[5] == make_row("linear", units=77)


def test_the_model_keeps_qts_rules(builder: NetworkBuilderDialog) -> None:
    QAbstractItemModelTester(builder.parts.table.rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
    builder.start_from(SMALL_RESIDUAL)
    builder.add("linear")
    builder.undo_stack.undo()


def test_everything_has_a_name_for_a_screen_reader(builder: NetworkBuilderDialog) -> None:
    for place in range(len(builder.network.rows)):
        go_to(builder, place)
        for box in (*builder.findChildren(QSpinBox), *builder.findChildren(QComboBox)):
            assert box.accessibleName(), box
    assert builder.parts.table.accessibleName() and builder.parts.name.accessibleName()


def test_settings_in_few_words() -> None:
    assert settings_in_words(Conv(kernel=5, padding=2), 2) == "32 channels · 5 × 5"
    assert settings_in_words(Conv(kernel=3, padding=2, dilation=2, stride=2), 2) == (
        "32 channels · 3 × 3 · stride 2 · dilation 2"
    )
    assert settings_in_words(Pooling(how="average", size=3, stride=3), 2) == "average · 3 × 3"
    assert settings_in_words(Norm(over="group", groups=4), 2) == "group · 4 groups"
    assert settings_in_words(Flatten(), 2) == ""
    assert settings_in_words(None, 12) == "linear, to 12 classes"


def test_the_first_free_name_is_taken() -> None:
    assert free_title([]) == "My network"
    assert free_title(["My network", "My network 3"]) == "My network 2"


def test_a_network_without_rows_can_be_begun_from(builder: NetworkBuilderDialog) -> None:
    builder.start_from(Network(title="Empty", input_size=16, channels=1))
    assert column(builder, KIND)[0] == "Head"
    builder.add("flatten")
    assert builder.parts.save.isEnabled()
