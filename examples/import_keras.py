"""The workbook of a network that was trained in Keras. It needs the extra models, and not Keras itself.

python import_keras.py MODEL.keras [VOCABULARY]        (a token per line, or JSON such as word_index)
"""

import sys

import rnnsheet

if len(sys.argv) not in (2, 3):
    sys.exit("usage: python import_keras.py MODEL.keras [VOCABULARY]")
model, *vocabulary = sys.argv[1:]
try:
    network = rnnsheet.read_model(model, *vocabulary)
except rnnsheet.RnnsheetError as error:
    sys.exit(str(error))

for layer in network.layers:
    shapes = ", ".join(f"{name} {array.shape}" for name, array in layer.weights.items())
    print(f"{layer.name}: {layer.kind} {shapes}")

book = rnnsheet.export(network, f"{network.name}.xlsx", force=True)
print(f"{book}: all right" if rnnsheet.check(book).ok else f"{book}: something is wrong")
