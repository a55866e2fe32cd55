"""Give the tensors of a LiteRT file names that follow from the network alone.

The converter names them after counters of the training process: `serving_default_keras_tensor_54:0` in one export is
`serving_default_keras_tensor_108:0` in the next. Programs on devices find tensors by name, so the input is `raster`, an
output has the name of its signature (`probabilities`, `embedding`), and the tensors in between are named by layer:
`conv1`, `conv1/weights`, `dense2/bias`.

A name is written over the old one, which has to be as long, so no other byte of the file changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ai_edge_litert import schema_py_generated as schema

RASTER = "raster"
# Places of the fields in their tables, by the schema of the format: 4 + 2 * the number of the field.
TENSOR_NAME, SIGNATURE_NAME = 10, 4
LENGTH_BYTES = 4  # before the characters of a string
# Layers by operator: the name, and what the constants after the first input are.
LAYERS = {
    "CONV_2D": ("conv", "weights", "bias"),
    "FULLY_CONNECTED": ("dense", "weights", "bias"),
    "MAX_POOL_2D": ("pool",),
    "MUL": ("scale", "factor"),
    "ADD": ("add", "term"),
    "RESHAPE": ("reshape", "shape"),
    "MEAN": ("mean", "axes"),
}
OPERATORS = {number: name for name, number in vars(schema.BuiltinOperator).items() if name.isupper()}


def name_tensors(tflite: bytes) -> bytes:
    """The LiteRT file with stable names. A name for which there is no room becomes `t` and the tensor's number."""
    content = bytearray(tflite)
    model = schema.Model.GetRootAs(content)
    graph = model.Subgraphs(0)
    names = _layer_names(model, graph)
    for at in range(model.SignatureDefsLength()):
        names |= _name_signature(content, model.SignatureDefs(at))
    for index in range(graph.TensorsLength()):
        table = graph.Tensors(index)._tab
        _write(content, table, TENSOR_NAME, names.get(index, ""), f"t{index}")
    return bytes(content)


def _layer_names(model: schema.Model, graph: schema.SubGraph) -> dict[int, str]:
    """Names of the tensors between input and output, by their numbers."""
    names: dict[int, str] = {}
    layers: Counter[str] = Counter()
    for at in range(graph.OperatorsLength()):
        operator = graph.Operators(at)
        code = model.OperatorCodes(operator.OpcodeIndex())
        kind = OPERATORS[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        layer, *constants = LAYERS.get(kind, (kind.lower().replace("_", ""),))
        layers[layer] += 1
        layer += str(layers[layer])
        for place in range(operator.InputsLength()):
            constant = constants[place - 1] if 0 < place <= len(constants) else f"input{place}"
            names.setdefault(operator.Inputs(place), f"{layer}/{constant}")
        for place in range(operator.OutputsLength()):
            names[operator.Outputs(place)] = f"{layer}/{place}" if place else layer
    return names


def _name_signature(content: bytearray, signature: schema.SignatureDef) -> dict[int, str]:
    """Name the inputs of a signature, and return the names of inputs and outputs by the numbers of their tensors."""
    names = {}
    for tensor, name in _inputs(signature):
        _write(content, tensor._tab, SIGNATURE_NAME, name)
        names[tensor.TensorIndex()] = name
    for at in range(signature.OutputsLength()):
        output = signature.Outputs(at)
        names[output.TensorIndex()] = output.Name().decode()
    return names


def _inputs(signature: schema.SignatureDef) -> Iterator[tuple[schema.TensorMap, str]]:
    for at in range(signature.InputsLength()):
        yield signature.Inputs(at), f"{RASTER}{at + 1}" if at else RASTER


def _write(content: bytearray, table: schema.flatbuffers.table.Table, field: int, *names: str) -> None:
    """Write the first of these names that there is room for over a string field."""
    offset = table.Offset(field)
    if not offset:
        return
    start = table.Indirect(table.Pos + offset)
    room = int.from_bytes(content[start : start + LENGTH_BYTES], "little")
    name = next((name.encode() for name in names if 0 < len(name.encode()) <= room), None)
    if name is not None:
        characters = start + LENGTH_BYTES
        content[start:characters] = len(name).to_bytes(LENGTH_BYTES, "little")
        content[characters : characters + room] = name.ljust(room, b"\0")
