"""Reads an ONNX file from strangers: a graph of known operators with all of its numbers inside of the file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from chitra.errors import InputError

if TYPE_CHECKING:
    import onnx

# What a BERT's export consists of, fused or not, quantised or not. None of them reads a file, calls a service or holds
# a graph of its own.
STANDARD = frozenset(
    """
    Add Cast Clip Concat Constant ConstantOfShape DequantizeLinear Div DynamicQuantizeLinear Einsum Equal Erf Expand
    Gather Gelu Gemm Identity LayerNormalization Less MatMul MatMulInteger Min Mul Neg Not Pow QuantizeLinear Range
    ReduceMean Relu Reshape Shape Sigmoid Slice Softmax Split Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze Where
    """.split()  # noqa: SIM905
)
MICROSOFT = frozenset(
    """
    Attention BiasGelu DynamicQuantizeMatMul EmbedLayerNormalization FastGelu Gelu MatMulIntegerToFloat QAttention
    QEmbedLayerNormalization QuickGelu SkipLayerNormalization
    """.split()  # noqa: SIM905
)
OPERATORS = {"": STANDARD, "ai.onnx": STANDARD, "com.microsoft": MICROSOFT}


def read_checked(file: Path) -> bytes:
    """The file's bytes: to be loaded from memory, so that nothing leads to another file.

    Raises:
        InputError: it is no ONNX file, has other operators, or numbers in other files.
        OSError: it cannot be read.
    """
    import onnx

    content = file.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's kinds of errors are its own
        raise InputError(f"{file}: is no ONNX file. Deploy a model that `train` made.") from error
    if problem := next(_problems(model), None):
        raise InputError(f"{file}: {problem}, which no model of `train` has. Deploy one that it made.")
    return content


def _problems(model: onnx.ModelProto) -> Iterator[str]:
    if model.functions:
        yield f"defines operators of its own ({model.functions[0].name!r})"
    if model.graph.sparse_initializer:
        yield "holds sparse numbers"
    for tensor in model.graph.initializer:
        yield from _outside(tensor)
    for node in model.graph.node:
        if node.op_type not in OPERATORS.get(node.domain, ()):
            yield f"uses the operator {f'{node.domain}::{node.op_type}'[:100]!r}"
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs or attribute.sparse_tensors:
                yield f"holds a graph in its operator {node.op_type!r}"
            for tensor in (attribute.t, *attribute.tensors):
                yield from _outside(tensor)


def _outside(tensor: onnx.TensorProto) -> Iterator[str]:
    if tensor.external_data or tensor.data_location == tensor.EXTERNAL:
        yield f"keeps the numbers of {tensor.name[:100]!r} in another file"
