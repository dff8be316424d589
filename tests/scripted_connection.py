"""A loop and a transport that do what a test says, for the protocol of one connection."""

from __future__ import annotations


class Timer:
    def __init__(self, at, call):
        self.at, self.call, self.is_cancelled = at, call, False

    def cancel(self):
        self.is_cancelled = True


class Task:
    def __init__(self, coroutine):
        self.coroutine = coroutine

    def add_done_callback(self, _call):
        pass


class Loop:
    """Timers go off as the test lets time pass; tasks run when the test says so."""

    def __init__(self):
        self.seconds, self.timers, self.tasks = 0.0, [], []

    def call_later(self, delay, call):
        self.timers.append(Timer(self.seconds + delay, call))
        return self.timers[-1]

    def call_soon(self, call):
        call()

    def create_task(self, coroutine):
        self.tasks.append(Task(coroutine))
        return self.tasks[-1]

    @property
    def waiting(self):
        return [timer for timer in self.timers if not timer.is_cancelled]

    def let_pass(self, seconds):
        self.seconds += seconds
        for timer in self.waiting:
            if timer.at <= self.seconds and not timer.is_cancelled:
                timer.cancel()
                timer.call()


class Transport:
    def __init__(self):
        self.written, self.is_closed, self.is_aborted = b"", False, False
        self.waiting_bytes = 0

    def write(self, data):
        self.written += data

    def close(self):
        self.is_closed = True

    def abort(self):
        self.is_closed = self.is_aborted = True

    def get_write_buffer_size(self):
        return self.waiting_bytes

    def is_closing(self):
        return self.is_closed

    def get_extra_info(self, _name):
        return None

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass
