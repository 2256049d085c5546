"""The paper's LeNet in PyTorch: forward pass, input gradient, and one step of ACET after the paper's protocol."""

import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from serve import serve, timed

EPSILON, STEP_SIZE, WEIGHT_DECAY = 0.3, 0.0075, 5e-4
SHAPES = [(5, 5, 1, 32), (32,), (5, 5, 32, 64), (64,), (3136, 1024), (1024,), (1024, 10), (10,)]

state = {}


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_1 = nn.Conv2d(1, 32, 5, padding=2)
        self.conv_2 = nn.Conv2d(32, 64, 5, padding=2)
        self.hidden = nn.Linear(3136, 1024)
        self.logits = nn.Linear(1024, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv_1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv_2(x)), 2)
        return self.logits(F.relu(self.hidden(x.flatten(1))))

    def decayed(self):
        return [self.conv_1.weight, self.conv_2.weight, *self.hidden.parameters(), *self.logits.parameters()]


def read_images(folder, name):
    """Images [B, 28, 28, 1] as [B, 1, 28, 28]; with one channel the bytes are the same."""
    pixels = np.fromfile(os.path.join(folder, name), np.float32)
    return torch.from_numpy(pixels.reshape(-1, 1, 28, 28))


def load(folder):
    """The weights, images and labels that the TypeScript side wrote."""
    values = np.fromfile(os.path.join(folder, "weights.bin"), np.float32)
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    parts = np.split(values, np.cumsum(sizes)[:-1])
    k1, b1, k2, b2, k3, b3, k4, b4 = [part.reshape(shape) for part, shape in zip(parts, SHAPES)]
    # Flattened features are ordered (row, column, channel) in tfjs and (channel, row, column) here.
    k3 = k3.reshape(7, 7, 64, 1024).transpose(2, 0, 1, 3).reshape(3136, 1024)
    weights = [k1.transpose(3, 2, 0, 1), b1, k2.transpose(3, 2, 0, 1), b2, k3.T, b3, k4.T, b4]
    model = LeNet()
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
    labels = np.fromfile(os.path.join(folder, "labels.bin"), np.int32)
    state.update(
        model=model,
        start={name: value.clone() for name, value in model.state_dict().items()},
        images=read_images(folder, "images.bin"),
        labels=torch.from_numpy(labels.astype(np.int64)),
    )
    return {}


def lp_out(logits):
    return torch.log_softmax(logits, 1).max(1).values


def forward():
    def work():
        with torch.no_grad():
            return state["model"](state["images"])

    logits, ms = timed(work)
    return {"ms": ms, "logits": logits.flatten().tolist()}


def value_and_gradient(model, x):
    x = x.detach().requires_grad_()
    value = lp_out(model(x))
    (gradient,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), gradient


def input_gradient():
    (_, gradient), ms = timed(lambda: value_and_gradient(state["model"], state["images"]))
    return {"ms": ms, "sum": gradient.abs().sum().item()}


MIRRORED = torch.arange(-7, 28 + 7)
MIRRORED = torch.where(MIRRORED < 0, -1 - MIRRORED, torch.where(MIRRORED > 27, 55 - MIRRORED, MIRRORED))


def paper_noise(images):
    """Half permuted pixels, half uniform; a Gaussian low-pass with one sigma per image; stretched to full contrast."""
    count, pixels = images.shape[0], 28 * 28
    half = count // 2
    order = torch.rand(half, pixels).argsort(1)
    permuted = images[:half].reshape(half, pixels).gather(1, order)
    z = torch.cat([permuted, torch.rand(count - half, pixels)]).reshape(1, count, 28, 28)
    sigma = 1 + 1.5 * torch.rand(count, 1)
    kernel = torch.exp(-0.5 * (torch.arange(-7.0, 8.0) / sigma) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    padded = z[:, :, MIRRORED][:, :, :, MIRRORED]
    z = F.conv2d(F.conv2d(padded, kernel[:, None, :, None], groups=count), kernel[:, None, None, :], groups=count)
    z = z.reshape(count, pixels)
    low, high = z.min(1, keepdim=True).values, z.max(1, keepdim=True).values
    return ((z - low) / (high - low)).reshape(count, 1, 28, 28)


def pgd(model, z, steps, extra_forward):
    """The attack of the protocol. With `extra_forward` every new point is evaluated after the step, as the paper's
    released experiments do; without, the value that comes with the next gradient is used."""

    def value(x):
        with torch.no_grad():
            return lp_out(model(x))

    def keep_better(x, value_at_x):
        better = value_at_x > best[1]
        best[0] = torch.where(better[:, None, None, None], x, best[0])
        best[1] = torch.where(better, value_at_x, best[1])

    best = [z, value(z)]
    offset = EPSILON * (2 * torch.rand_like(z) - 1) * torch.rand(z.shape[0], 1, 1, 1)
    x = (z + offset).clamp(0, 1)
    for _ in range(steps):
        value_at_x, gradient = value_and_gradient(model, x)
        if not extra_forward:
            keep_better(x, value_at_x)
        x = (x + STEP_SIZE * gradient.sign()).clamp(0, 1)
        x = z + (x - z).clamp(-EPSILON, EPSILON)
        if extra_forward:
            keep_better(x, value(x))
    if not extra_forward:
        keep_better(x, value(x))
    return best[0]


def acet_step(steps, extra_forward):
    """One step from the loaded weights with a fresh Adam: noise, attack, gradients, update."""
    model, images, labels = state["model"], state["images"], state["labels"]
    model.load_state_dict(state["start"])
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def work():
        noise = pgd(model, paper_noise(images), steps, extra_forward)
        logits = model(torch.cat([noise, images]))
        out_logits, in_logits = logits.split([noise.shape[0], images.shape[0]])
        objective = (F.cross_entropy(in_logits, labels) + lp_out(out_logits).mean()) / 2
        loss = objective + WEIGHT_DECAY * sum((weight**2).sum() for weight in model.decayed())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return lp_out(out_logits).exp().mean().item()

    confidence, ms = timed(work)
    return {"ms": ms, "confidence": confidence}


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    commands = {"load": load, "forward": forward, "input_gradient": input_gradient, "acet_step": acet_step}
    serve(commands, {"PyTorch": torch.__version__})
