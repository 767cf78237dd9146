"""Other people's names lead to ours."""

from __future__ import annotations

import pytest

from cnndsl.layers.aliases import alias, parameter_alias
from cnndsl.layers.registry import KINDS, OPERATIONS


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("Conv2d", "conv"),
        ("Conv2D", "conv"),
        ("nn.Conv1d", "conv"),
        ("torch.nn.Conv3d", "conv"),
        ("convolution", "conv"),
        ("ConvTranspose2d", "conv_transpose"),
        ("Conv2DTranspose", "conv_transpose"),
        ("MaxPool2d", "maxpool"),
        ("MaxPooling2D", "maxpool"),
        ("max_pool", "maxpool"),
        ("pool", "maxpool"),
        ("F.max_pool2d", "maxpool"),
        ("AvgPool2d", "avgpool"),
        ("AveragePooling2D", "avgpool"),
        ("AdaptiveAvgPool2d", "adaptive_avgpool"),
        ("GlobalAveragePooling2D", "global_avgpool"),
        ("GlobalMaxPool2D", "global_maxpool"),
        ("BatchNorm2d", "batchnorm"),
        ("BatchNormalization", "batchnorm"),
        ("bn", "batchnorm"),
        ("LayerNorm", "layernorm"),
        ("Dropout2d", "dropout_channels"),
        ("SpatialDropout2D", "dropout_channels"),
        ("Dropout", "dropout"),
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("leakyrelu", "leaky_relu"),
        ("Swish", "silu"),
        ("Flatten", "flatten"),
        ("ZeroPad2d", "pad"),
        ("ReflectionPad1d", "pad"),
        ("UpSampling2D", "upsample"),
        ("Dense", "linear"),
        ("Linear", "linear"),
        ("fc", "linear"),
        ("Concatenate", "concat"),
    ],
)
def test_names_of_layers(name: str, word: str) -> None:
    assert alias(name) == word
    assert word in KINDS or word in OPERATIONS


@pytest.mark.parametrize("name", ["", "d", "2d", "transformer", "_", "perceptron"])
def test_unknown_names(name: str) -> None:
    assert alias(name) is None


@pytest.mark.parametrize("word", KINDS)
def test_every_word_and_module_leads_to_its_kind(word: str) -> None:
    assert alias(word) == word
    found = alias(KINDS[word].module_name(2))
    assert found is not None
    assert KINDS[found].module_name(2) == KINDS[word].module_name(2)


@pytest.mark.parametrize(
    ("kind", "name", "short"),
    [
        ("conv", "out_channels", "channels"),
        ("conv", "filters", "channels"),
        ("conv", "kernel_size", "kernel"),
        ("conv", "strides", "stride"),
        ("conv", "dilation_rate", "dilation"),
        ("conv", "use_bias", "bias"),
        ("conv", "in_channels", ""),
        ("linear", "out_features", "features"),
        ("linear", "units", "features"),
        ("linear", "in_features", ""),
        ("batchnorm", "num_features", ""),
        ("batchnorm", "epsilon", "eps"),
        ("groupnorm", "num_groups", "groups"),
        ("groupnorm", "num_channels", ""),
        ("layernorm", "normalized_shape", ""),
        ("layernorm", "elementwise_affine", "affine"),
        ("maxpool", "pool_size", "kernel"),
        ("adaptive_avgpool", "output_size", "size"),
        ("dropout", "rate", "p"),
        ("leaky_relu", "negative_slope", "slope"),
        ("softmax", "dim", "axis"),
        ("upsample", "scale_factor", "scale"),
        ("pixel_shuffle", "upscale_factor", "factor"),
        ("flatten", "start_dim", "start"),
        ("unflatten", "unflattened_size", "sizes"),
        ("embedding", "embedding_dim", "features"),
        ("conv", "depth_multiplier", None),
        ("relu", "kernel_size", None),
    ],
)
def test_names_of_parameters(kind: str, name: str, short: str | None) -> None:
    assert parameter_alias(KINDS[kind], name) == short
    assert not short or short in KINDS[kind].model_fields


@pytest.mark.parametrize("kind", KINDS)
def test_pytorchs_names_lead_to_parameters(kind: str) -> None:
    for short, long in KINDS[kind].torch_names.items():
        assert short in KINDS[kind].model_fields
        assert parameter_alias(KINDS[kind], long) == short
