"""MobileNetV2 in PyTorch, in inference mode: forward pass, and gradient of the log-odds with respect to the images."""

import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from serve import serve, timed

BLOCKS = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]

state = {}


def normalised(convolution, activation):
    layers = [convolution, nn.BatchNorm2d(convolution.out_channels, eps=1e-3)]
    return layers + [nn.ReLU6()] if activation else layers


def strided(inputs, outputs, stride, groups=1):
    """A convolution 3 x 3 padded as Keras pads it: at the end only where the stride is 2."""
    padding = 1 if stride == 1 else 0
    convolution = nn.Conv2d(inputs, outputs, 3, stride, padding, groups=groups, bias=False)
    ends = [nn.ZeroPad2d((0, 1, 0, 1))] if stride == 2 else []
    return ends + normalised(convolution, True)


class Block(nn.Module):
    def __init__(self, inputs, outputs, expansion, stride, residual):
        super().__init__()
        wide = expansion * inputs
        expand = [] if expansion == 1 else normalised(nn.Conv2d(inputs, wide, 1, bias=False), True)
        shrink = normalised(nn.Conv2d(wide, outputs, 1, bias=False), False)
        self.layers = nn.Sequential(*expand, *strided(wide, wide, stride, wide), *shrink)
        self.residual = residual

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class MobileNetV2(nn.Module):
    def __init__(self, classes):
        super().__init__()
        layers, inputs = strided(3, 32, 2), 32
        for expansion, outputs, repeats, first in BLOCKS:
            for repeat in range(repeats):
                layers.append(Block(inputs, outputs, expansion, first if repeat == 0 else 1, repeat > 0))
                inputs = outputs
        layers += normalised(nn.Conv2d(inputs, 1280, 1, bias=False), True)
        self.features = nn.Sequential(*layers)
        self.logits = nn.Linear(1280, classes)

    def forward(self, x):
        return self.logits(self.features(x).mean((2, 3)))


def load(folder, classes, batch):
    """The weights and images that the TypeScript side wrote, layer by layer in the order of the network."""
    values = torch.from_numpy(np.fromfile(os.path.join(folder, "weights.bin"), np.float32))
    model = MobileNetV2(classes).eval()
    at = 0

    def take(*shape):
        nonlocal at
        size = int(np.prod(shape))
        part = values[at : at + size].reshape(shape)
        at += size
        return part

    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d):
                outputs, inputs, height, width = layer.weight.shape
                if layer.groups > 1:
                    layer.weight.copy_(take(height, width, outputs, 1).permute(2, 3, 0, 1))
                else:
                    layer.weight.copy_(take(height, width, inputs, outputs).permute(3, 2, 0, 1))
            elif isinstance(layer, nn.BatchNorm2d):
                for target in (layer.weight, layer.bias, layer.running_mean, layer.running_var):
                    target.copy_(take(*target.shape))
            elif isinstance(layer, nn.Linear):
                layer.weight.copy_(take(layer.in_features, layer.out_features).T)
                layer.bias.copy_(take(layer.out_features))
    assert at == len(values), "weights are left over"
    images = np.fromfile(os.path.join(folder, "images.bin"), np.float32).reshape(batch, 224, 224, 3)
    state.update(model=model, images=torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return {}


def forward():
    def work():
        with torch.no_grad():
            return state["model"](state["images"])

    logits, ms = timed(work)
    return {"ms": ms, "logits": logits.flatten().tolist()}


def input_gradient():
    def work():
        x = state["images"].detach().requires_grad_()
        logits = state["model"](x)
        best = logits.argmax(1, keepdim=True)
        rest = logits.scatter(1, best, -torch.inf).logsumexp(1)
        (gradient,) = torch.autograd.grad((logits.gather(1, best)[:, 0] - rest).sum(), x)
        return gradient

    gradient, ms = timed(work)
    return {"ms": ms, "sum": gradient.abs().sum().item()}


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    serve({"load": load, "forward": forward, "input_gradient": input_gradient}, {"PyTorch": torch.__version__})
