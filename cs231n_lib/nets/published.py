"""Published networks as architectures, to be counted and built.

Layers that neither learn nor keep anything new (dropout at test time, flattening) are left out.
"""

from cs231n_lib.layers import FC, BatchNorm, Conv, Pool, ReLU, Residual
from cs231n_lib.layers.path import Named
from cs231n_lib.nets.architecture import Architecture
from cs231n_lib.nets.architecture import place as _place
from cs231n_lib.nets.pattern import parse

__all__ = ["alexnet", "resnet18", "resnet50", "vgg16", "vgg19"]


def vgg16() -> Architecture:
    """Return VGG-16, configuration D of the paper: 138,357,544 parameters with biases.

    Notes
    -----
    K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image
    Recognition", ICLR 2015, tables 1 and 2 (138 million).

    Examples
    --------
    >>> [layer.name for layer in vgg16().layers[:4]]
    ['INPUT', 'CONV3-64', 'RELU', 'CONV3-64']
    """
    return _vgg("VGG-16", 3)


def vgg19() -> Architecture:
    """Return VGG-19, configuration E of the paper: 143,667,240 parameters with biases.

    Notes
    -----
    As `vgg16`; 144 million in the paper's table 2.

    Examples
    --------
    >>> len([layer for layer in vgg19().layers if "W" in layer.parameters])
    19
    """
    return _vgg("VGG-19", 4)


def _vgg(name: str, repeats: int) -> Architecture:
    pattern = (
        "INPUT[224x224x3] -> [CONV3-64 -> RELU]*2 -> POOL2 -> [CONV3-128 -> RELU]*2 -> POOL2"
        f" -> [CONV3-256 -> RELU]*{repeats} -> POOL2"
        f" -> [[CONV3-512 -> RELU]*{repeats} -> POOL2]*2 -> [FC-4096 -> RELU]*2 -> FC-1000"
    )
    return Architecture(name, parse(pattern).layers)


def alexnet() -> Architecture:
    """Return AlexNet in one column, as torchvision has it: 61,100,840 parameters.

    Notes
    -----
    A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014. The
    original of 2012 (Krizhevsky, Sutskever, Hinton, NeurIPS 2012, about 60 million) has 96, 256,
    384, 384, 256 filters in two groups and a normalisation that learns nothing. The first layer
    drops an incomplete window: (224 - 11 + 2*2)/4 + 1 = 55.25.

    Examples
    --------
    >>> alexnet().layers[1].output_shape
    (64, 55, 55)
    """
    specs: list[Named] = [
        ("CONV11-64s4p2", Conv(64, 11, stride=4, pad=2, floor=True)),
        ("RELU", ReLU()),
        ("POOL3s2", Pool(3, 2)),
        ("CONV5-192", Conv(192, 5, pad=2)),
        ("RELU", ReLU()),
        ("POOL3s2", Pool(3, 2)),
    ]
    for filters in (384, 256, 256):
        specs += [(f"CONV3-{filters}", Conv(filters, 3, pad=1)), ("RELU", ReLU())]
    specs.append(("POOL3s2", Pool(3, 2)))
    for width in (4096, 4096):
        specs += [(f"FC-{width}", FC(width)), ("RELU", ReLU())]
    return _place("AlexNet", (3, 224, 224), [*specs, ("FC-1000", FC(1000))])


def resnet18() -> Architecture:
    """Return ResNet-18: 11,689,512 parameters.

    Notes
    -----
    K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
    table 1; projections where the shape changes (option B). The first layers drop an incomplete
    window, as every published implementation does.

    Examples
    --------
    >>> resnet18().layers[-1].input_shape
    (512, 1, 1)
    """
    return _resnet("ResNet-18", (2, 2, 2, 2), bottleneck=False)


def resnet50() -> Architecture:
    """Return ResNet-50: 25,557,032 parameters.

    Notes
    -----
    As `resnet18`; in blocks that halve the image the 3x3 convolution has the stride, as in
    torchvision ("v1.5"), not the first 1x1 as in the paper. That changes FLOPs, not parameters.

    Examples
    --------
    >>> resnet50().layers[-1].input_shape
    (2048, 1, 1)
    """
    return _resnet("ResNet-50", (3, 4, 6, 3), bottleneck=True)


def _conv_bn(filters: int, size: int, stride: int = 1) -> list[Named]:
    conv = Conv(filters, size, stride, pad=size // 2, bias=False, floor=stride > 1)
    name = f"CONV{size}-{filters}" + (f"s{stride}" if stride > 1 else "")
    return [(name, conv), ("BN", BatchNorm())]


def _resnet(name: str, blocks: tuple[int, ...], *, bottleneck: bool) -> Architecture:
    relu: Named = ("RELU", ReLU())
    pool: Named = ("POOL3s2p1", Pool(3, 2, pad=1, floor=True))
    specs: list[Named] = [*_conv_bn(64, 7, 2), relu, pool]
    channels = 64
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        out = 4 * width if bottleneck else width
        for block in range(count):
            stride = 2 if stage and not block else 1
            if bottleneck:
                body = [*_conv_bn(width, 1), relu, *_conv_bn(width, 3, stride), relu]
                body += _conv_bn(out, 1)
            else:
                body = [*_conv_bn(width, 3, stride), relu, *_conv_bn(width, 3)]
            shortcut = _conv_bn(out, 1, stride) if stride > 1 or channels != out else []
            specs += [("ADD", Residual(tuple(body), tuple(shortcut))), relu]
            channels = out
    specs += [("AVGPOOL7", Pool(7, 7, average=True)), ("FC-1000", FC(1000))]
    return _place(name, (3, 224, 224), specs)
