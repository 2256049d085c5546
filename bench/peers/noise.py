"""The paper's noise in numpy and scipy: permuted or uniform pixels, scipy's Gaussian filter per image, full contrast."""

import numpy as np
import scipy
from scipy.ndimage import gaussian_filter

from serve import serve, timed

rng = np.random.default_rng(0)


def paper_noise(images):
    count, height, width, channels = images.shape
    half = count // 2
    noise = np.empty_like(images)
    for i in range(half):
        noise[i] = images[i].reshape(-1, channels)[rng.permutation(height * width)].reshape(height, width, channels)
    noise[half:] = rng.random((count - half, height, width, channels), np.float32)
    for i, sigma in enumerate(rng.uniform(1, 2.5, count)):
        # scipy's `reflect` repeats the edge, as numpy's `symmetric` does.
        smooth = gaussian_filter(noise[i], (sigma, sigma, 0), mode="reflect", truncate=7 / sigma)
        low = smooth.min()
        noise[i] = (smooth - low) / (smooth.max() - low)
    return noise


def make(shape):
    images = rng.random(shape, np.float32)
    noise, ms = timed(lambda: paper_noise(images))
    return {"ms": ms, "mean": float(noise.mean())}


def low_pass(image, sigma):
    """One smoothed image, so that both sides can be seen to compute the same filter."""
    return {"image": gaussian_filter(np.array(image), (sigma, sigma, 0), mode="reflect", truncate=7 / sigma).tolist()}


if __name__ == "__main__":
    serve({"make": make, "low_pass": low_pass}, {"numpy": np.__version__, "scipy": scipy.__version__})
