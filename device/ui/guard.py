"""No exception may leave a callback that LVGL calls: LVGL would stop all its timers for good."""


class Guard:
    """Wraps callbacks: an exception is caught, counted in `.errors`, and handed to `on_error(where, error)`."""

    def __init__(self, on_error=None):
        self.errors = 0
        self._on_error = on_error

    def wrap(self, where, function):
        """`function` as a callback that never raises; it returns None when it failed. `where` names it in reports."""

        def guarded(*args):
            try:
                return function(*args)
            except Exception as error:
                self.report(where, error)
                return None

        return guarded

    def report(self, where, error):
        """Count and pass on a caught exception; a failing `on_error` is counted as well and goes no further."""
        self.errors += 1
        if self._on_error is None:
            return
        try:
            self._on_error(where, error)
        except Exception:
            self.errors += 1
