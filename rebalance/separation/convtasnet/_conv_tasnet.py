"""ConvTasNet for several channels, with the parameter names of the challenge's published checkpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from rebalance._base.errors import ConfigError

NormType: TypeAlias = Literal["gLN", "cLN"]
MaskNonlinearity: TypeAlias = Literal["relu", "softmax"]

_EPSILON = 1e-8
_BLOCK = re.compile(r"separator\.network\.2\.(\d+)\.(\d+)\.net\.0\.weight")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvTasNetShape:
    """Sizes of a ConvTasNet, with the paper's letters.

    Parameters
    ----------
    n_filters
        N, filters of encoder and decoder.
    filter_length
        L, their length in samples; the hop is half of it.
    bottleneck_channels, hidden_channels, kernel_size
        B, H and P of the convolutional blocks.
    n_blocks, n_repeats
        X blocks with dilations 1, 2, 4 .. in each of R repeats.
    n_outputs
        C, estimated signals: target and accompaniment.
    n_channels
        Number of channels of the audio.
    causal
        Whether the convolutions pad the past only.
    norm
        ``"gLN"`` over channels and time, or ``"cLN"`` over channels, which is causal.
    mask_nonlinearity
        What keeps the masks positive.

    Raises
    ------
    ConfigError
        If the filter length is odd, or the norm or the non-linearity of the mask is unknown.

    Examples
    --------
    >>> from rebalance.separation.convtasnet import ConvTasNetShape
    >>> ConvTasNetShape().n_filters, ConvTasNetShape(causal=True, norm="cLN").norm
    (256, 'cLN')
    >>> ConvTasNetShape(filter_length=21)
    Traceback (most recent call last):
        ...
    rebalance._base.errors.ConfigError: ConvTasNet: expected an even filter length, got 21

    Source: Luo and Mesgarani 2019, table I; defaults are those of the published CAD2-T2 checkpoints.
    """

    n_filters: int = 256
    filter_length: int = 20
    bottleneck_channels: int = 256
    hidden_channels: int = 512
    kernel_size: int = 3
    n_blocks: int = 8
    n_repeats: int = 3
    n_outputs: int = 2
    n_channels: int = 2
    causal: bool = False
    norm: NormType = "gLN"
    mask_nonlinearity: MaskNonlinearity = "relu"

    def __post_init__(self) -> None:
        if self.filter_length % 2:
            raise ConfigError(where="ConvTasNet", expected="an even filter length", got=str(self.filter_length))
        if self.norm not in get_args(NormType) or self.mask_nonlinearity not in get_args(MaskNonlinearity):
            raise ConfigError(
                where="ConvTasNet",
                expected=f"norm {get_args(NormType)} and mask non-linearity {get_args(MaskNonlinearity)}",
                got=f"{self.norm!r} and {self.mask_nonlinearity!r}",
            )


class ConvTasNet(nn.Module):
    """Time-domain separation network: learnt filters, masks from dilated convolutions, learnt resynthesis.

    Parameters
    ----------
    shape
        Sizes of the network.

    Examples
    --------
    >>> import torch
    >>> from rebalance.separation.convtasnet import ConvTasNet, ConvTasNetShape
    >>> shape = ConvTasNetShape(n_filters=16, bottleneck_channels=8, hidden_channels=16, n_blocks=2, n_repeats=1)
    >>> with torch.no_grad():
    ...     estimates = ConvTasNet(shape).eval()(torch.zeros(1, 2, 4410))
    >>> estimates.shape
    torch.Size([1, 2, 2, 4410])

    Source: Luo and Mesgarani 2019; several audio channels after Défossez et al. 2019. Names and shapes of
    all parameters are those of pyclarity's ``ConvTasNetStereo``, so that its state dicts load unchanged.
    """

    def __init__(self, shape: ConvTasNetShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = _Encoder(shape)
        self.separator = _MaskEstimator(shape)
        self.decoder = _Decoder(shape)

    def forward(self, mixture: Tensor) -> Tensor:
        """Separate ``(batch, n_channels, n_samples)`` into ``(batch, n_outputs, n_channels, n_samples)``.

        At least one filter length of samples is needed; samples after the last whole hop come out as 0.
        """
        weights = self.encoder(mixture)
        estimates = self.decoder(weights, self.separator(weights))
        return functional.pad(estimates, (0, mixture.shape[-1] - estimates.shape[-1]))


class _Encoder(nn.Module):
    """Non-negative weights of the learnt filters."""

    def __init__(self, shape: ConvTasNetShape) -> None:
        super().__init__()
        hop = shape.filter_length // 2
        self.conv1d_U = nn.Conv1d(shape.n_channels, shape.n_filters, shape.filter_length, stride=hop, bias=False)

    def forward(self, mixture: Tensor) -> Tensor:
        return functional.relu(self.conv1d_U(mixture))


class _Decoder(nn.Module):
    """Sum of overlapping filters, weighted by masks."""

    def __init__(self, shape: ConvTasNetShape) -> None:
        super().__init__()
        self.n_channels = shape.n_channels
        self.filter_length = shape.filter_length
        self.basis_signals = nn.Linear(shape.n_filters, shape.n_channels * shape.filter_length, bias=False)

    def forward(self, weights: Tensor, masks: Tensor) -> Tensor:
        frames = self.basis_signals((weights.unsqueeze(1) * masks).transpose(2, 3))
        n_batch, n_outputs, n_frames, _ = frames.shape
        hop = self.filter_length // 2
        frames = frames.view(n_batch, n_outputs, n_frames, self.n_channels, 2, hop).permute(4, 0, 1, 3, 2, 5)
        first, second = frames
        early = functional.pad(first, (0, 0, 0, 1))
        late = functional.pad(second, (0, 0, 1, 0))
        return (early + late).reshape(n_batch, n_outputs, self.n_channels, (n_frames + 1) * hop)


class _MaskEstimator(nn.Module):
    """Repeats of dilated blocks between two pointwise layers."""

    def __init__(self, shape: ConvTasNetShape) -> None:
        super().__init__()
        self.n_outputs = shape.n_outputs
        self.mask_nonlinearity = shape.mask_nonlinearity
        repeats = [
            nn.Sequential(*(_Block(shape, dilation=2**index) for index in range(shape.n_blocks)))
            for _ in range(shape.n_repeats)
        ]
        self.network = nn.Sequential(
            _ChannelNorm(shape.n_filters),
            nn.Conv1d(shape.n_filters, shape.bottleneck_channels, 1, bias=False),
            nn.Sequential(*repeats),
            nn.Conv1d(shape.bottleneck_channels, shape.n_outputs * shape.n_filters, 1, bias=False),
        )

    def forward(self, weights: Tensor) -> Tensor:
        scores = self.network(weights).unflatten(1, (self.n_outputs, -1))
        return torch.softmax(scores, dim=1) if self.mask_nonlinearity == "softmax" else torch.relu(scores)


class _Block(nn.Module):
    """Pointwise layer and depthwise separable convolution around a residual path."""

    def __init__(self, shape: ConvTasNetShape, *, dilation: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(shape.bottleneck_channels, shape.hidden_channels, 1, bias=False),
            nn.PReLU(),
            _norm(shape.norm, shape.hidden_channels),
            _DepthwiseSeparable(shape, dilation=dilation),
        )

    def forward(self, features: Tensor) -> Tensor:
        residual: Tensor = self.net(features)
        return features + residual


class _DepthwiseSeparable(nn.Module):
    """One filter per channel over time, then a pointwise layer."""

    def __init__(self, shape: ConvTasNetShape, *, dilation: int) -> None:
        super().__init__()
        hidden = shape.hidden_channels
        reach = (shape.kernel_size - 1) * dilation
        convolution = nn.Conv1d(
            hidden,
            hidden,
            shape.kernel_size,
            padding=reach if shape.causal else reach // 2,
            dilation=dilation,
            groups=hidden,
            bias=False,
        )
        chomp = [_Chomp(reach)] if shape.causal else []
        pointwise = nn.Conv1d(hidden, shape.bottleneck_channels, 1, bias=False)
        self.net = nn.Sequential(convolution, *chomp, nn.PReLU(), _norm(shape.norm, hidden), pointwise)

    def forward(self, features: Tensor) -> Tensor:
        return self.net(features)  # type: ignore[no-any-return]


class _Chomp(nn.Module):
    """Drops the frames a causal convolution would have looked ahead to."""

    def __init__(self, n_frames: int) -> None:
        super().__init__()
        self.n_frames = n_frames

    def forward(self, features: Tensor) -> Tensor:
        return features[..., : -self.n_frames]


class _ChannelNorm(nn.Module):
    """Normalises every frame over its channels (cLN)."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, n_channels, 1))
        self.beta = nn.Parameter(torch.zeros(1, n_channels, 1))

    def forward(self, features: Tensor) -> Tensor:
        variance, mean = torch.var_mean(features, dim=1, keepdim=True, unbiased=False)
        return torch.addcmul(self.beta, self.gamma, (features - mean) * torch.rsqrt(variance + _EPSILON))


class _GlobalNorm(_ChannelNorm):
    """Normalises over channels and time (gLN)."""

    def forward(self, features: Tensor) -> Tensor:
        return functional.group_norm(features, 1, self.gamma.flatten(), self.beta.flatten(), eps=_EPSILON)


def _norm(kind: NormType, n_channels: int) -> nn.Module:
    """Return the normalisation of a kind."""
    return _GlobalNorm(n_channels) if kind == "gLN" else _ChannelNorm(n_channels)


def shape_of_checkpoint(
    tensors: Mapping[str, Tensor], *, norm: NormType | None = None, mask_nonlinearity: MaskNonlinearity = "relu"
) -> ConvTasNetShape:
    """Return the sizes of the network a state dict belongs to.

    Parameters
    ----------
    tensors
        State dict with the official names.
    norm
        What no tensor shows; when None, gLN for a non-causal and cLN for a causal network, as published.
    mask_nonlinearity
        What no tensor shows either.

    Raises
    ------
    ConfigError
        If these are not the tensors of a ConvTasNet.
    """
    try:
        encoder = tensors["encoder.conv1d_U.weight"]
        bottleneck = tensors["separator.network.1.weight"]
        first = "separator.network.2.0.0.net."
        depthwise = tensors[f"{first}3.net.0.weight"]
        masks = tensors["separator.network.3.weight"]
    except KeyError as error:
        raise ConfigError(expected="the parameters of a ConvTasNet", found=f"none named {error.args[0]!r}") from error
    positions = [tuple(map(int, match.groups())) for name in tensors if (match := _BLOCK.fullmatch(name))]
    causal = f"{first}3.net.4.weight" in tensors
    return ConvTasNetShape(
        n_filters=encoder.shape[0],
        n_channels=encoder.shape[1],
        filter_length=encoder.shape[2],
        bottleneck_channels=bottleneck.shape[0],
        hidden_channels=depthwise.shape[0],
        kernel_size=depthwise.shape[2],
        n_repeats=1 + max(repeat for repeat, _ in positions),
        n_blocks=1 + max(block for _, block in positions),
        n_outputs=masks.shape[0] // encoder.shape[0],
        causal=causal,
        norm=norm or ("cLN" if causal else "gLN"),
        mask_nonlinearity=mask_nonlinearity,
    )
