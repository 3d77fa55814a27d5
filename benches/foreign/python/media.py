"""Where a large file comes from and where it goes, as file-like objects, which is what the peers take."""

import io
import os

STEP = 128 << 10
NOISE = os.urandom(STEP)


class Memory:
    """Plaintext is one block again and again; what comes out last is counted, and kept nowhere."""

    def __init__(self, length):
        self.length = length

    def plaintext(self):
        return io.BufferedReader(Repeated(self.length), STEP)

    def kept(self):
        return Target(Held(self.length + self.length // 64 + 4096))

    def sealed(self, target):
        held = target.raw
        held.at = 0
        return io.BufferedReader(held, STEP)

    def output(self):
        return Target(Sink())

    def held(self, target):
        """How much of the process's memory it is."""
        return target.raw.written


class Disk:
    """As ours: a new file takes its name once the medium has it. What is read lies in none of the system's caches."""

    def __init__(self, folder):
        self.folder = folder

    def plaintext(self):
        return cold(os.path.join(self.folder, "source"))

    def kept(self):
        return Target(WholeFile(os.path.join(self.folder, "sealed")))

    def sealed(self, target):
        return cold(target.raw.path)

    def output(self):
        return Target(WholeFile(os.path.join(self.folder, "result")))

    def held(self, target):
        return 0

    def clean(self):
        for name in ("sealed", "result"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                os.remove(path)


def cold(path):
    file = open(path, "rb", buffering=STEP)
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return file


class Target(io.BufferedWriter):
    """Some peers close what they write to: it is finished after that."""

    def __init__(self, raw):
        super().__init__(raw, STEP)

    def close(self):
        pass

    def finish(self):
        """How many bytes it has."""
        self.flush()
        return self.raw.finish()


class Repeated(io.RawIOBase):
    def __init__(self, length):
        self.left = length

    def readable(self):
        return True

    def readinto(self, room):
        length = min(len(room), STEP, self.left)
        room[:length] = NOISE[:length]
        self.left -= length
        return length


class Sink(io.RawIOBase):
    written = 0

    def writable(self):
        return True

    def write(self, data):
        self.written += len(data)
        return len(data)

    def finish(self):
        return self.written


class Held(Sink):
    """Written once, then read. Its room is taken before, so that it does not grow."""

    at = 0

    def __init__(self, room):
        self.bytes = memoryview(bytearray(room))

    def write(self, data):
        self.bytes[self.written : self.written + len(data)] = data
        return super().write(data)

    def readable(self):
        return True

    def readinto(self, room):
        length = min(len(room), self.written - self.at)
        room[:length] = self.bytes[self.at : self.at + length]
        self.at += length
        return length


class WholeFile(io.FileIO):
    def __init__(self, path):
        self.path = path
        super().__init__(path + ".new", "w")

    def finish(self):
        os.fsync(self.fileno())
        os.replace(self.path + ".new", self.path)
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return os.fstat(self.fileno()).st_size
