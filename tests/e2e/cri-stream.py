"""cri-stream.py exec|rest URL SUBPROTOCOL [TYPED]: a stream by python3-websocket, which shares no code with plumbline.

exec types, ends stdin where the subprotocol can, and prints stdout|stderr|exit code, each stripped. Without half-closes it leaves
when what it typed has come back. rest reads nothing.
"""
import base64
import json
import sys
import time

import websocket

verb, url, protocol = sys.argv[1:4]
typed = sys.argv[4].encode() if len(sys.argv) > 4 else b""
encoded = "base64" in protocol
socket = websocket.create_connection(url.replace("http:", "ws:", 1), subprotocols=[protocol], timeout=30)
if socket.getsubprotocol() != protocol:
    sys.exit("subprotocol %r" % socket.getsubprotocol())
if verb == "rest":
    socket.recv()
    print("resting", flush=True)
    time.sleep(600)

if typed and encoded:
    socket.send("0" + base64.b64encode(typed).decode())
elif typed:
    socket.send_binary(b"\0" + typed)
if protocol.startswith("v5"):
    socket.send_binary(b"\xff\0")
streams = {1: b"", 2: b"", 3: b""}
code = "killed"
while True:
    kind, data = socket.recv_data()
    if kind == websocket.ABNF.OPCODE_CLOSE:
        break
    if encoded:
        data = bytes([data[0] - ord("0")]) + base64.b64decode(data[1:])
    streams[data[0]] += data[1:]
    if not protocol.startswith("v5") and streams[1] == typed:
        socket.close()
        break
if streams[3]:
    status = json.loads(streams[3])
    code = 0 if status["status"] == "Success" else status["details"]["causes"][0]["message"]
print("|".join(s.decode().strip() for s in (streams[1], streams[2])) + "|%s" % code)
