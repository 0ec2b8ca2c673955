"""The same model behind FastAPI: `async def`, validated by pydantic, onnxruntime with one thread, uvloop and httptools.

serve.py <model.onnx> <signature.json>; prints its address when it listens, ends by SIGTERM.
"""
import json
import socket
import sys

import numpy as np
import onnxruntime as ort
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, create_model

signature = json.load(open(sys.argv[2]))
NUMERIC, CATEGORICAL = signature["numeric"], signature["categorical"]
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
OUTPUT = [signature["output"]]
NAN = float("nan")

fields = {name: (float | None, ...) for name in NUMERIC} | {name: (str | None, ...) for name in CATEGORICAL}
Row = create_model("Row", inference_id=(str, ...), **fields)


class Request(BaseModel):
    rows: list[Row]


app = FastAPI()


@app.get("/ready")
async def ready():
    return {"ready": True}


@app.post("/predict")
async def predict(request: Request):
    rows = request.rows
    given = [[getattr(row, name) for name in NUMERIC] for row in rows]
    feeds = {"num": np.array([[NAN if v is None else v for v in row] for row in given], dtype=np.float32)}
    for i, name in enumerate(CATEGORICAL):
        feeds[f"cat_{i}"] = np.array([[getattr(row, name) or ""] for row in rows], dtype=object)
    scores = session.run(OUTPUT, feeds)[0].ravel().tolist()
    return {
        "predictions": [
            {"inference_id": row.inference_id, "version": 1, "arm": "champion", "prediction": score, "decision": int(score >= 0.5)}
            for row, score in zip(rows, scores)
        ]
    }


sock = socket.socket()
sock.bind(("127.0.0.1", 0))
print(f"http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")).run(sockets=[sock])
