"""The middle of the home screen: rows of text, filled from blocks by urgency, each as wide as the glass is there."""

from device.ui import fit, state, theme
from device.ui.widgets import spinner
from device.ui.widgets.line_of_text import LineOfText

_BUSY_INSET_PX = 2 * (spinner.SIZE + spinner.GAP)  # the spinner's place before the text, and as much behind it


class Body:
    """`rows` lines of text from `y` down, `pitch_px` apart; what fills fewer rows stands in the middle of them."""

    def __init__(self, parent, y, pitch_px, rows=state.BODY_ROWS):
        self.lines = []
        self.kinds = [None] * rows
        self._blocks = None
        self._laid_out = {}  # block and row → its pieces, of the blocks on show: most stay when one changes
        for index in range(rows):
            self.lines.append(LineOfText(parent, y + index * pitch_px, theme.BODY, theme.FOAM, height=pitch_px))

    def update(self, blocks):
        """Show `blocks`, a list of (kind, text, most rows); what finds no row is left out."""
        if blocks == self._blocks:
            return
        self._blocks = blocks
        known, self._laid_out = self._laid_out, {}
        first = 0
        rows = self._lay_out(blocks, first, known)
        spare = len(self.lines) - len(rows)
        if spare > 1:
            first = spare // 2
            rows = self._lay_out(blocks, first, known)
        for index, line in enumerate(self.lines):
            kind, text = rows[index - first] if 0 <= index - first < len(rows) else (None, "")
            self.kinds[index] = kind
            if kind is not None:
                size, rgb = theme.row_style(kind)
                line.style(size, rgb)
            line.set(text)

    def row_of(self, kind):
        """The first row that shows `kind`, or None."""
        return self.kinds.index(kind) if kind in self.kinds else None

    def _lay_out(self, blocks, first, known):
        """[(kind, text)] of the rows that the blocks take when they begin at row `first`."""
        rows = []
        for block in blocks:
            kind, text, most = block
            start = first + len(rows)
            pieces = known.get((block, start))
            if pieces is None:
                pieces = self._pieces(kind, text, self.lines[start : start + most])
            self._laid_out[(block, start)] = pieces
            for piece in pieces:
                rows.append((kind, piece))
        return rows

    def _pieces(self, kind, text, lines):
        widths_px = [line.room_px for line in lines]
        advance = theme.ADVANCES.of(theme.row_style(kind)[0])
        if not widths_px:
            return []
        if kind == state.STREAM:
            return [fit.tail(text, widths_px[0], advance)]
        if kind == state.BUSY:
            return [fit.cut(text, widths_px[0] - _BUSY_INSET_PX, advance)]
        return fit.wrap(text, widths_px, advance)
