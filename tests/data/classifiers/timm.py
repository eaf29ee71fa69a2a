"""Logits and raw Grad-CAM of timm's networks that differ from torchvision's in padding or in the epsilon of their batch norms:
float64, stored as float32, ten classes, weights and inputs hashed from names (`tests/it/fill.rs`).

Made with torch 2.15.0 and timm 1.0.31: python3 timm.py FOLDER
"""
import gzip, json, math, sys
import numpy as np, torch, timm
from safetensors.numpy import save_file

def seed(name):
    h = 0x811C9DC5
    for b in name.encode():
        h = ((h ^ b) * 0x01000193) & 0xFFFFFFFF
    return h

def uniform(name, n):
    with np.errstate(over="ignore"):
        h = np.uint32(seed(name)) ^ (np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9))
        h ^= h >> np.uint32(16); h *= np.uint32(0x7FEB352D); h ^= h >> np.uint32(15); h *= np.uint32(0x846CA68B); h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 4294967296.0

def fill(name, shape, gain=1.0):
    n = int(np.prod(shape)) if len(shape) else 1
    leaf = name.rsplit(".", 1)[-1]
    u = uniform(name, n)
    if leaf == "num_batches_tracked": v = np.zeros(n)
    elif leaf in ("running_mean", "bias"): v = (2*u-1)*0.1
    elif leaf == "running_var" or len(shape) <= 1: v = 0.5+u
    else: v = (2*u-1)*math.sqrt(6/np.prod(shape[1:]))
    return (v*gain).astype(np.float32).reshape(shape)

def inputs(side):
    out = np.empty((2,3,side,side), np.float64)
    for k,name in enumerate(["input0","input1"]):
        blocks = uniform(name+"_lo", 3*49).reshape(3,7,7); noise = uniform(name, 3*side*side).reshape(3,side,side)
        i = np.arange(side)*7//side
        out[k] = 1.5*(2*blocks[:,i][:,:,i]-1)+0.5*(2*noise-1)
    return out.astype(np.float32)

CASES = [
    ("tf_efficientnet_b0", 100, "conv"), ("tf_efficientnet_b1", 128, "conv"),
    ("efficientnet_b5", 96, "conv"), ("tf_efficientnet_b5", 97, "conv"),
    ("mobilenetv3_large_100", 96, "mb"), ("tf_mobilenetv3_large_100", 101, "mb"),
    ("mobilenetv3_small_100", 96, "mb"), ("tf_mobilenetv3_small_100", 100, "mb"),
]
names, expected = {}, {}
for name, side, kind in CASES:
    torch.manual_seed(0)
    m = timm.create_model(name, num_classes=10).eval()
    sd = m.state_dict()
    rows = []
    for k, t in sd.items():
        dtype = str(t.dtype).replace("torch.", "")
        gain = 1.0
        rows.append([k, dtype, list(t.shape), gain])
        sd[k] = torch.from_numpy(fill(k, tuple(t.shape), gain)).to(t.dtype)
    m.load_state_dict(sd); m = m.double()
    acts = {}
    def hook(mod, inp, out):
        out.retain_grad(); acts["x"] = out
    # EfficientNet: the activation after the last norm; MobileNet V3: the last block stage's result.
    target = m.bn2 if kind == "conv" else m.blocks
    h = target.register_forward_hook(hook)
    x = torch.from_numpy(inputs(side)).double()
    logits = m(x)
    cls = logits.argmax(1)
    (logits[0, cls[0]] + logits[1, cls[1]]).backward()
    a, g = acts["x"], acts["x"].grad
    cam = (g.mean((2,3), keepdim=True)*a).sum(1)
    h.remove()
    names[name] = rows
    expected[f"{name}/logits"] = logits.detach().numpy().astype(np.float32)
    expected[f"{name}/class"] = cls.numpy().astype(np.int64)
    expected[f"{name}/gradcam_raw"] = cam.detach().numpy().astype(np.float32)
out = sys.argv[1]
with gzip.GzipFile(f"{out}/timm_names.json.gz", "w", mtime=0) as f: f.write(json.dumps(names).encode())
save_file(expected, f"{out}/timm_numbers.safetensors")
