"""Text that is told again and again and mostly stays the same."""

from textual.visual import VisualType
from textual.widgets import Static


class SteadyText(Static):
    """A Static whose `update` draws only what differs, and lays the screen out anew only for another height: a layout
    paints everything."""

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show this. The same content again costs nothing."""
        if content == self.content:
            return
        super().update(content, layout=False)
        if layout and self._height_differs():
            self.clear_cached_dimensions()
            self.refresh(layout=True)

    def _height_differs(self) -> bool:
        height = self.styles.height
        if height is not None and not height.is_auto:
            return False
        width, known = self.content_size.width, self.content_size.height
        return not width or self.visual.get_height(self.styles.get_rules(), width) != known
