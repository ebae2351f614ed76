"""Plain HTML and SVG tags as NiceGUI elements that tell the browser only what changed."""

from typing import Self

from nicegui.elements.mixins.text_element import TextElement

Attribute = str | int | float | bool


class Tag(TextElement):
    """One HTML or SVG element with a text of its own; use as a context manager to put children in."""

    def __init__(self, tag: str, text: str = "", dress: str = "", **attributes: Attribute) -> None:
        super().__init__(tag=tag, text=text)
        self._dress = ""
        self.dress(dress)
        self.set(**attributes)

    def say(self, text: str) -> None:
        """Show this text."""
        if text != self.text:
            self.text = text

    def dress(self, names: str) -> None:
        """Have exactly these CSS classes."""
        if names != self._dress:
            self._dress = names
            self.classes(replace=names)

    def set(self, **attributes: Attribute) -> Self:
        """Set attributes (`aria_label` for `aria-label`); False takes one away."""
        for key, value in attributes.items():
            name = key.rstrip("_").replace("_", "-")
            if value is False:
                if name in self.props:
                    del self.props[name]
            elif self.props.get(name) != value:
                self.props[name] = value
        return self
