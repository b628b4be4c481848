"""What interrupts a person: an error with its details, a question, help, the about box."""

from __future__ import annotations

import importlib.metadata
import platform
import traceback
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from engine.errors import ThawError


class Box(QDialog):
    """An icon at the left, words at the right, buttons below."""

    def __init__(self, parent: QWidget | None, title: str, icon: str, colour: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        picture = QLabel()
        picture.setPixmap(theme.pixmap(icon, 24, colour, self.devicePixelRatioF()))
        self.words = QVBoxLayout()
        self.words.setSpacing(theme.GRID)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(theme.GRID)
        self.buttons.addStretch()
        row = QHBoxLayout()
        row.setSpacing(2 * theme.GRID)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(theme.GAP)
        column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        column.addLayout(row)
        column.addLayout(self.buttons)

    def add_text(self, text: str, role: str = "", format: Qt.TextFormat = Qt.TextFormat.PlainText) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(format)
        label.setWordWrap(True)
        label.setFixedWidth(theme.wide(420))
        label.setProperty("role", role)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.addWidget(label)
        return label

    def add_button(self, text: str, kind: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setProperty("kind", kind)
        button.setAutoDefault(kind == "main")
        button.setDefault(kind == "main")
        self.buttons.addWidget(button)
        return button


class ErrorBox(Box):
    """A sentence; behind a button what helps someone else find the cause."""

    def __init__(self, parent: QWidget | None, sentence: str, details: str) -> None:
        super().__init__(parent, "Thaw", "circle-alert", "wrong")
        self.sentence, self.details = sentence, details
        self.add_text(sentence)
        if details:
            self._add_details()
        close = self.add_button("Close", "main")
        close.clicked.connect(self.accept)
        close.setFocus()

    def _add_details(self) -> None:
        text = QPlainTextEdit(self.details)
        text.setReadOnly(True)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        text.setAccessibleName("Details")
        text.setFixedHeight(theme.wide(180))
        text.hide()
        self.words.addWidget(text)
        show = self.add_button("Details", "quiet")
        show.setCheckable(True)
        show.toggled.connect(text.setVisible)
        copy = self.add_button("Copy details")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(f"{self.sentence}\n\n{self.details}"))
        copy.clicked.connect(lambda: copy.setText("Copied"))


def in_words(error: BaseException) -> tuple[str, str]:
    """The sentence for a person, and the details for whoever looks into it."""
    if isinstance(error, ThawError):
        return str(error), error.details
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"The system reported: {error.strerror}{where}.", _trace(error)
    if isinstance(error, MemoryError):
        return "The memory of this computer ran out. Close other programs and try again.", _trace(error)
    return (
        "Something in Thaw itself went wrong. Your photos and runs are untouched; the details help to mend it.",
        _trace(error),
    )


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).strip()


def show_error(parent: QWidget | None, error: BaseException) -> ErrorBox | None:
    """Show the error once, without blocking; None where a box with the same words is open already."""
    sentence, details = in_words(error)
    for box in parent.findChildren(ErrorBox) if parent else []:
        if box.sentence == sentence and box.isVisible():
            return None
    box = ErrorBox(parent, sentence, details)
    box.open()
    return box


def ask(parent: QWidget | None, question: str, explanation: str, yes: str, no: str) -> bool:
    """Whether the person chose `yes`. Escape and closing the box mean `no`, which is also the quiet choice."""
    box = Box(parent, "Thaw", "circle-help", "muted")
    box.add_text(question).setFont(theme.group_font())
    box.add_text(explanation, "muted")
    agree = box.add_button(yes, "danger")
    agree.clicked.connect(box.accept)
    refuse = box.add_button(no, "main")
    refuse.clicked.connect(box.reject)
    refuse.setFocus()
    return box.exec() == QDialog.DialogCode.Accepted


def show_text(parent: QWidget | None, title: str, text: str, icon: str = "info") -> QDialog:
    """A sentence or two that a person asked for."""
    box = Box(parent, title, icon, "muted")
    box.add_text(title).setFont(theme.group_font())
    box.add_text(text)
    box.add_button("Close", "main").clicked.connect(box.accept)
    box.open()
    return box


def show_help(parent: QWidget | None, page: str, title: str) -> QDialog:
    """What a page is for; also the way to the about box."""
    box = Box(parent, f"Help: {title}", "circle-help", "muted")
    box.add_text(title).setFont(theme.group_font())
    text = (theme.RESOURCES / "help" / f"{page}.md").read_text(encoding="utf-8")
    box.add_text(text, format=Qt.TextFormat.MarkdownText)
    box.add_text("Ctrl+1 to Ctrl+5 go to the pages, Enter does the main action, F1 explains the page.", "muted")
    about = box.add_button("About Thaw", "quiet")
    about.clicked.connect(lambda: show_about(parent))
    about.clicked.connect(box.accept)
    close = box.add_button("Close", "main")
    close.clicked.connect(box.accept)
    close.setFocus()
    box.open()
    return box


def show_about(parent: QWidget | None) -> QDialog:
    box = Box(parent, "About Thaw", "info", "muted")
    picture = QLabel()
    drawn: QPixmap = theme.application_icon().pixmap(64, 64)
    picture.setPixmap(drawn)
    box.words.addWidget(picture)
    box.add_text(f"Thaw {_version()}").setFont(theme.group_font())
    box.add_text("Train an image classifier on your own photos, see what it does, and classify whole folders, offline.")
    box.add_text(
        f"Apache-2.0. Icons by Lucide (ISC). Python {platform.python_version()}, Qt {_version('PySide6-Essentials')}.",
        "muted",
    )
    box.add_button("Close", "main").clicked.connect(box.accept)
    box.open()
    return box


def _version(distribution: str = "thaw") -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def short_path(path: Path) -> str:
    """The path as a person writes it, ~ for their own folder."""
    home = Path.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) and path != home else str(path)
