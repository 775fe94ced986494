"""Columns made of long slices: images split by the stride into their phases (NumPy).

A filter tap meets every S-th pixel of every S-th row. Picked out tap by tap, these are many short
pieces of memory. So the padded images are split once into their S x S *phases*, the pixels whose
row and column leave the same remainders, each laid out as (channel, row, image, column). All that
one tap meets in some rows of windows then lies in one slice of one phase, (i // S) rows and
j // S pixels further on, and is copied in one go.

The price: a row of a phase is (WW - 1) // S pixels longer than a row of windows. There the slice
wraps round to the next row. The columns of these windows are computed with the others and
dropped; on the way back their gradient is zero.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cs231n_lib._parallel import Workspace, block_length, num_threads, part_length
from cs231n_lib.layers.conv.geometry import Geometry


@dataclass(frozen=True)
class Windows:
    """All windows of a convolution, and how the pixels of a block of images are laid out for them.

    Attributes
    ----------
    channels, height, width : int
        C, H, W of the images.
    window : tuple of int
        Height and width HH, WW of the window, in pixels.
    stride, pad : int
        As in `conv_output_size`.
    out : tuple of int
        Number of windows OH down and OW across. Pixels beyond the padding count as zero.
    """

    channels: int
    height: int
    width: int
    window: tuple[int, int]
    stride: int
    pad: int
    out: tuple[int, int]

    @property
    def taps(self) -> int:
        """Number of pixels in a window."""
        return self.window[0] * self.window[1]

    @property
    def columns(self) -> int:
        """Length of a row of a phase: as many windows are computed in a row."""
        return self.out[1] + (self.window[1] - 1) // self.stride

    @property
    def rows(self) -> int:
        """Number of rows of a phase."""
        return self.out[0] + (self.window[0] - 1) // self.stride

    def shape(self, images: int) -> tuple[int, int, int, int]:
        """Return the shape of the phases: which row, which column, channel, pixels.

        Examples
        --------
        >>> Windows(3, 8, 8, window=(3, 3), stride=2, pad=1, out=(4, 4)).shape(images=10)
        (2, 2, 3, 251)
        """
        # The last tap of the last window that is dropped reaches beyond the last row.
        pixels = self.rows * images * self.columns + self.columns - self.out[1]
        down, across = (min(self.stride, edge) for edge in self.window)
        return down, across, self.channels, pixels

    def is_image(self, images: int) -> bool:
        """Tell whether there is one phase, and one image is that phase as it is."""
        return images == self.stride == 1 and self.picks

    @property
    def picks(self) -> bool:
        """Whether a window is one pixel of an image without padding: most pixels may be in none."""
        return self.taps == 1 and self.pad == 0

    def in_order(self, images: int) -> bool:
        """Tell whether the windows lie as in the output of one image, with none to be dropped."""
        return images == 1 and self.columns == self.out[1]

    def split(self, x: np.ndarray, space: Workspace) -> np.ndarray:
        """Return the phases of the images `x` (n, C, H, W), padded.

        Examples
        --------
        >>> windows = Windows(1, 1, 4, window=(1, 2), stride=2, pad=0, out=(1, 2))
        >>> x = np.arange(4.0).reshape(1, 1, 1, 4)
        >>> windows.split(x, Workspace(float))[0, :, 0]
        array([[0., 2.],
               [1., 3.]])
        """
        if self.is_image(len(x)):
            return x.reshape(self.shape(1))
        phases = space.take("phases", self.shape(len(x)))
        if self.picks:
            self._grid(phases, len(x))[0, 0] = self._picked(x).transpose(1, 2, 0, 3)
            return phases
        phases[..., self.rows * len(x) * self.columns :] = 0
        wide = self._wide(phases, len(x), space)
        wide[...] = 0
        inside = self._inside(wide)
        _, height, _, width = inside.shape
        inside[...] = x[:, :, :height, :width].transpose(1, 2, 0, 3)
        for phase, pixels in self._pairs(phases, wide):
            phase[...] = pixels
        return phases

    def merge(self, phases: np.ndarray, x: np.ndarray, space: Workspace) -> None:
        """Write the `phases` back to the images `x`, without the padding; undo `split`.

        Examples
        --------
        >>> windows = Windows(1, 1, 4, window=(1, 2), stride=2, pad=0, out=(1, 2))
        >>> x = np.empty((1, 1, 1, 4))
        >>> windows.merge(np.arange(4.0).reshape(1, 2, 1, 2), x, Workspace(float))
        >>> x[0, 0]
        array([[0., 2., 1., 3.]])
        """
        if self.picks:
            if self.stride > 1:
                x[...] = 0  # some pixels lie in no window
            self._picked(x)[...] = self._grid(phases, len(x))[0, 0].transpose(2, 0, 1, 3)
            return
        wide = self._wide(phases, len(x), space)
        if min(self.window) < self.stride:
            wide[...] = 0  # some pixels lie in no window
        for phase, pixels in self._pairs(phases, wide):
            pixels[...] = phase
        inside = self._inside(wide)
        _, height, _, width = inside.shape
        x[:, :, :height, :width] = inside.transpose(2, 0, 1, 3)
        x[:, :, height:] = 0
        x[:, :, :, width:] = 0

    def _picked(self, x: np.ndarray) -> np.ndarray:
        """Return the pixels of the images `x` that are windows, where `picks`."""
        S, (OH, OW) = self.stride, self.out
        return x[:, :, : S * OH : S, : S * OW : S]

    def _grid(self, phases: np.ndarray, images: int) -> np.ndarray:
        """Return the pixels of the phases: (which row, which column, C, row, image, column)."""
        shape = (self.rows, images, self.columns)
        return phases[..., : math.prod(shape)].reshape(*phases.shape[:3], *shape)

    def _wide(self, phases: np.ndarray, images: int, space: Workspace) -> np.ndarray:
        """Return room for padded images that are not split: (channel, row, image, column)."""
        S = self.stride
        shape = (self.channels, S * self.rows, images, S * self.columns)
        if S > 1:
            return space.take("wide", shape)
        return phases[0, 0, :, : math.prod(shape[1:])].reshape(shape)

    def _inside(self, wide: np.ndarray) -> np.ndarray:
        """Return the pixels of `wide` that are not padding; at the end some may not fit in.

        They lie in no window: a geometry with ``floor`` drops them.
        """
        pad = self.pad
        return wide[:, pad : pad + self.height, :, pad : pad + self.width]

    def _pairs(
        self, phases: np.ndarray, wide: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the phases of equal columns, and the same pixels in `wide`, where they differ."""
        S, (C, _, images, _) = self.stride, wide.shape
        if S == 1:
            return
        grid = self._grid(phases, images)
        pixels = wide.reshape(C, self.rows, S, images, self.columns, S).transpose(5, 2, 0, 1, 3, 4)
        for b in range(phases.shape[1]):
            yield grid[:, b], pixels[b, : len(phases)]

    def _slices(
        self, phases: np.ndarray, images: int, rows: slice
    ) -> Iterator[tuple[tuple[slice, slice], np.ndarray]]:
        """Yield neighbouring taps and the pixels (C, i, j, T) they meet in some rows of windows."""
        row = images * self.columns
        T, S, (HH, WW) = (rows.stop - rows.start) * row, self.stride, self.window
        for i in range(0, HH, S):
            for j in range(0, WW, S):
                start = (rows.start + i // S) * row + j // S
                pixels = phases[: HH - i, : WW - j, :, start : start + T]
                yield (slice(i, i + S), slice(j, j + S)), pixels.transpose(2, 0, 1, 3)

    def gather(self, phases: np.ndarray, images: int, rows: slice, space: Workspace) -> np.ndarray:
        """Return the columns (C, taps, T) of some rows of windows; for one tap, as a view.

        Examples
        --------
        >>> windows = Windows(1, 1, 4, window=(1, 2), stride=1, pad=0, out=(1, 3))
        >>> space = Workspace(float)
        >>> phases = windows.split(np.arange(4.0).reshape(1, 1, 1, 4), space)
        >>> windows.gather(phases, 1, slice(0, 1), space)
        array([[[0., 1., 2., 3.],
                [1., 2., 3., 0.]]])
        """
        T = (rows.stop - rows.start) * images * self.columns
        slices = self._slices(phases, images, rows)
        if self.taps == 1:
            return next(slices)[1].reshape(self.channels, 1, T)
        cols = space.take("cols", (self.channels, *self.window, T))
        for taps, pixels in slices:
            cols[:, *taps] = pixels
        return cols.reshape(self.channels, self.taps, T)

    def scatter(self, cols: np.ndarray, phases: np.ndarray, images: int, rows: slice) -> None:
        """Add columns back onto the pixels they came from: the adjoint of `gather`.

        Examples
        --------
        >>> windows = Windows(1, 1, 4, window=(1, 2), stride=1, pad=0, out=(1, 3))
        >>> phases = np.zeros(windows.shape(images=1))
        >>> windows.scatter(np.ones((1, 2, 4)), phases, 1, slice(0, 1))
        >>> phases[0, 0]
        array([[1., 2., 2., 2., 1.]])
        """
        grid = cols.reshape(self.channels, *self.window, -1)
        for taps, pixels in self._slices(phases, images, rows):
            pixels += grid[:, *taps]

    def block_sizes(self, batch: int, row_bytes: int, least: int = 1) -> tuple[int, int, int]:
        """Return how many threads there are, and how many images and rows in the largest block."""
        down = self.out[0]
        images = block_length(part_length(batch, down * row_bytes), down * row_bytes)
        threads = num_threads(batch, down * row_bytes)
        return threads, images, block_length(down, images * row_bytes, least)

    def values(self, images: int, both: bool) -> int:
        """Count the values in the phases, in their gradient if `both`, and of help beside them."""
        phases = math.prod(self.shape(images))
        wide = self.channels * self.stride**2 * self.rows * images * self.columns
        wide *= self.stride > 1 and not self.picks
        return (both + (not self.is_image(images))) * phases + wide


def windows_of(geometry: Geometry) -> Windows:
    """Return the windows of the filters on the images.

    Examples
    --------
    >>> from cs231n_lib.layers.conv.geometry import lay_out
    >>> windows_of(lay_out((1, 3, 8, 6), (4, 3, 3, 3), {"stride": 1, "pad": 1})).out
    (8, 6)
    """
    (_, C, H, W), (_, _, HH, WW) = geometry.images, geometry.filters
    return Windows(C, H, W, (HH, WW), geometry.stride, geometry.pad, geometry.out)
