"""The style sheet of the whole application: plain controls on an 8-pixel grid, filled in with the colours of a scheme.;


What a rule speaks to by name: QPushButton[kind="main"|"quiet"|"danger"], QToolButton, QLabel[role="muted"|"error"],
QFrame[role="card"|"rule"|"banner"], and any field with [wrong="true"].
"""

from __future__ import annotations

from string import Template

_RULES = Template("""
QWidget { color: $text; }
QMainWindow, QDialog, QStackedWidget#pages { background: $surface; }
QToolTip { background: $surface_raised; color: $text; border: 1px solid $border; padding: 4px 6px; }

QLabel { background: transparent; }
QLabel[role="muted"] { color: $muted; }
QLabel[role="error"] { color: $wrong; }
QFrame[role="card"] { background: $surface_raised; border: 1px solid $border; border-radius: 6px; }
QFrame[role="rule"] { background: $border; border: none; min-height: 1px; max-height: 1px; }
QFrame[role="upright"] { background: $border; border: none; min-width: 1px; max-width: 1px; }
QFrame[role="banner"] { background: $surface_raised; border: 1px solid $border; border-radius: 6px; }
QFrame[role="banner"][kind="warning"] { border-left: 3px solid $warning; }
QFrame[role="banner"][kind="error"] { border-left: 3px solid $wrong; }
QFrame[role="banner"][kind="info"] { border-left: 3px solid $border_strong; }

QPushButton {
  background: $surface_raised; color: $text; border: 1px solid $border_strong; border-radius: 6px;
  padding: 5px 13px; min-height: 20px;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed, QPushButton:checked { background: $selected; }
QPushButton:focus { border: 2px solid $accent; padding: 4px 12px; }
QPushButton:disabled { color: $muted; background: $surface; border-color: $border; }
QPushButton[kind="main"] { background: $accent; color: $on_accent; border-color: $accent; padding: 5px 17px; }
QPushButton[kind="main"]:hover { background: $accent_hover; }
QPushButton[kind="main"]:focus { border: 2px solid $border_strong; padding: 4px 16px; }
QPushButton[kind="main"]:disabled { background: $selected; color: $muted; border-color: $selected; }
QPushButton[kind="quiet"] { background: transparent; border-color: transparent; }
QPushButton[kind="quiet"]:hover { background: $hover; }
QPushButton[kind="quiet"]:focus { border: 2px solid $accent; }
QPushButton[kind="quiet"]:disabled { color: $muted; background: transparent; }
QPushButton[segment] { padding: 5px 9px; }
QPushButton[segment]:focus { padding: 4px 8px; }
QPushButton[segment="left"] { border-top-right-radius: 0; border-bottom-right-radius: 0; }
QPushButton[segment="right"] { border-top-left-radius: 0; border-bottom-left-radius: 0; margin-left: -1px; }
QPushButton[segment="middle"] { border-radius: 0; margin-left: -1px; }
QPushButton[kind="danger"] { color: $wrong; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QToolButton[role="fold"], QToolButton[role="fold"]:checked { padding: 4px 8px 4px 2px; background: transparent; }
QToolButton:hover { background: $hover; }
QToolButton:pressed, QToolButton:checked { background: $selected; }
QToolButton:focus { border: 2px solid $accent; padding: 3px; }
QToolButton:disabled { color: $muted; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
  background: $surface_raised; color: $text; border: 1px solid $border_strong; border-radius: 6px;
  padding: 3px 7px; min-height: 22px; selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
  border: 2px solid $accent; padding: 2px 6px;
}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
  color: $muted; background: $surface; border-color: $border;
}
QLineEdit[wrong="true"], QSpinBox[wrong="true"], QDoubleSpinBox[wrong="true"], QComboBox[wrong="true"] {
  border: 2px solid $wrong; padding: 2px 6px;
}
QComboBox { padding-right: 24px; }
QComboBox:focus { padding-right: 23px; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url("$pictures/chevron-down-$scheme.svg"); width: 14px; height: 14px; }
QComboBox QAbstractItemView {
  background: $surface_raised; border: 1px solid $border; outline: none; padding: 4px;
  selection-background-color: $selected; selection-color: $text;
}
QSpinBox, QDoubleSpinBox { padding-right: 20px; min-height: 19px; }
QSpinBox:focus, QDoubleSpinBox:focus { padding-right: 19px; }
QSpinBox::up-button, QDoubleSpinBox::up-button {
  subcontrol-position: top right; border: none; width: 20px; margin-top: 2px;
}
QSpinBox::down-button, QDoubleSpinBox::down-button {
  subcontrol-position: bottom right; border: none; width: 20px; margin-bottom: 2px;
}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {
  image: url("$pictures/chevron-up-$scheme.svg"); width: 11px; height: 11px;
}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {
  image: url("$pictures/chevron-down-$scheme.svg"); width: 11px; height: 11px;
}

QCheckBox, QRadioButton {
  spacing: 8px; background: transparent; border: 2px solid transparent; border-radius: 6px; padding: 2px;
}
QCheckBox:focus, QRadioButton:focus { border-color: $accent; }
QCheckBox:disabled, QRadioButton:disabled { color: $muted; }
QCheckBox::indicator, QTreeView::indicator, QTableView::indicator, QListView::indicator {
  width: 14px; height: 14px; border: 1px solid $border_strong; border-radius: 4px; background: $surface_raised;
}
QCheckBox::indicator:checked, QTreeView::indicator:checked,
QTableView::indicator:checked, QListView::indicator:checked {
  background: $accent; border-color: $accent; image: url("$pictures/check-$scheme.svg");
}
QCheckBox::indicator:indeterminate, QTreeView::indicator:indeterminate {
  background: $accent; border-color: $accent; image: url("$pictures/minus-$scheme.svg");
}
QCheckBox::indicator:disabled, QTreeView::indicator:disabled { border-color: $border; background: $hover; }
QRadioButton::indicator {
  width: 14px; height: 14px; border: 1px solid $border_strong; border-radius: 8px; background: $surface_raised;
}
QRadioButton::indicator:checked {
  border-color: $accent;
  background: qradialgradient(cx:0.5, cy:0.5, radius:0.5, fx:0.5, fy:0.5,
    stop:0 $accent, stop:0.5 $accent, stop:0.6 $surface_raised, stop:1 $surface_raised);
}

QSlider:horizontal { min-height: 22px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $border; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal {
  background: $surface_raised; border: 2px solid $accent; width: 12px;
  height: 12px; margin: -6px 0; border-radius: 8px;
}
QSlider::handle:horizontal:focus { background: $accent; }
QSlider::handle:horizontal:disabled, QSlider::sub-page:horizontal:disabled {
  border-color: $border_strong; background: $border;
}
QProgressBar {
  background: $border; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; text-align: center;
}
QProgressBar::chunk { background: $accent; border-radius: 3px; }

QTableView, QTreeView, QListView {
  background: $surface_raised; border: 1px solid $border; border-radius: 6px; outline: none;
  selection-background-color: $selected; selection-color: $text; gridline-color: transparent;
}
QGraphicsView#graph { background: $surface_raised; border: 1px solid $border; border-radius: 6px; }
QGraphicsView#graph:focus { border: 1px solid $accent; }
QTableView:focus, QTreeView:focus, QListView:focus { border: 1px solid $accent; }
QTableView::item, QTreeView::item, QListView::item { border: none; padding: 0 5px; }
QTreeView::item:hover, QListView::item:hover { background: $hover; }
QTableView::item:selected, QTreeView::item:selected, QListView::item:selected { background: $selected; color: $text; }
QTreeView::item { min-height: 30px; padding: 0 4px; }
QTreeView::branch { background: transparent; }
QTreeView::branch:has-children:closed { image: url("$pictures/chevron-right-$scheme.svg"); }
QTreeView::branch:has-children:open { image: url("$pictures/chevron-down-$scheme.svg"); }
QHeaderView { background: $surface_raised; border: none; border-radius: 6px; }
QHeaderView::section {
  background: $surface_raised; color: $muted; border: none;
  border-bottom: 1px solid $border; padding: 0 8px; min-height: 30px;
}
QHeaderView::section:hover { color: $text; }
QHeaderView::up-arrow { image: url("$pictures/chevron-up-$scheme.svg"); width: 12px; height: 12px; }
QHeaderView::down-arrow { image: url("$pictures/chevron-down-$scheme.svg"); width: 12px; height: 12px; }
QTableCornerButton::section { background: $surface_raised; border: none; }

QScrollArea, QScrollArea > QWidget > QWidget#scrolled { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: $border; border-radius: 4px; }
QScrollBar::handle:hover { background: $border_strong; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: transparent; }
QSplitter::handle:horizontal:hover {
  background: qlineargradient(x1:0, y1:0, x2:1, y2:0,
    stop:0 transparent, stop:0.42 transparent, stop:0.43 $border_strong,
    stop:0.57 $border_strong, stop:0.58 transparent, stop:1 transparent);
}
QSplitter::handle:vertical:hover {
  background: qlineargradient(x1:0, y1:0, x2:0, y2:1,
    stop:0 transparent, stop:0.42 transparent, stop:0.43 $border_strong,
    stop:0.57 $border_strong, stop:0.58 transparent, stop:1 transparent);
}

QTabWidget::pane { border: none; }
QTabBar { background: transparent; }
QTabBar::tab {
  background: transparent; color: $muted; border: none; border-bottom: 2px solid transparent; padding: 7px 2px;
  margin-right: 24px;
}
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { border-bottom-color: $border_strong; }
QMenu { background: $surface_raised; border: 1px solid $border; border-radius: 6px; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $selected; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }
""")


def stylesheet(colours: dict[str, str], pictures: str, scheme: str) -> str:
    """The rules with `colours` by name; `pictures` is the folder of the small arrows, `scheme` light or dark."""
    return _RULES.substitute(colours, pictures=pictures, scheme=scheme)
