"""The same network as recipes/motion-cnn/model.ts in PyTorch: one JSON line per request line, {"windowsPerSecond": n}.

usage: motion_cnn.py BATCH CHANNELS LABELS FILTERS THREADS, then on standard input the number of steps to take,
a line at a time
"""

import json
import sys
import time

import torch
from torch import nn

BATCH, CHANNELS, LABELS, FILTERS, THREADS = map(int, sys.argv[1:6])
WINDOW, CONTEXT, STRIDE, HIDDEN, DILATIONS = 100, 200, 4, 64, (1, 2, 4, 8)
ROWS, FROM, STEPS = WINDOW + CONTEXT, CONTEXT // 2 // STRIDE, WINDOW // STRIDE
torch.set_num_threads(THREADS)
torch.manual_seed(1)


def length(x):
    return ((x * x).sum(2, keepdim=True) + 1e-6).sqrt()


class MotionCnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(CHANNELS + 6, FILTERS, 3 * STRIDE, STRIDE, padding=STRIDE, bias=False)
        self.stem_norm = nn.BatchNorm1d(FILTERS)
        self.reaches = nn.ModuleList(
            nn.Conv1d(FILTERS, FILTERS, 5, padding=2 * d, dilation=d, bias=False) for d in DILATIONS)
        self.norms = nn.ModuleList(nn.BatchNorm1d(FILTERS) for _ in DILATIONS)
        self.around = nn.Linear(2 * FILTERS, FILTERS)
        self.step = nn.Conv1d(FILTERS, FILTERS, 1, bias=False)
        self.step_norm = nn.BatchNorm1d(FILTERS)
        self.steps = nn.Conv1d(FILTERS, LABELS, 1)
        self.hidden = nn.Linear(2 * FILTERS, HIDDEN, bias=False)
        self.hidden_norm = nn.BatchNorm1d(HIDDEN)
        self.logits = nn.Linear(HIDDEN + LABELS, LABELS)
        self.dropout = nn.Dropout(0.2)
        self.dropout_channels = nn.Dropout1d(0.2)

    def forward(self, x):
        acc, gyro = x[:, :, :3], x[:, :, 3:6]
        down = nn.functional.normalize(acc.mean(1, keepdim=True), dim=2)
        parts = [x]
        for part in (acc, gyro):
            along = (part * down).sum(2, keepdim=True)
            parts += [length(part), along, length(part - along * down)]
        h = torch.relu(self.stem_norm(self.stem(torch.cat(parts, 2).transpose(1, 2))))
        for i, (reach, norm) in enumerate(zip(self.reaches, self.norms)):
            wider = torch.relu(norm(reach(h)))
            h = h + (self.dropout_channels(wider) if i else wider)
        around = self.around(torch.cat([h.mean(2), h.amax(2)], 1))[:, :, None]
        step = torch.relu(self.step_norm(self.step(h) + around))
        steps = self.steps(self.dropout_channels(step))
        votes = torch.softmax(steps[:, :, FROM:FROM + STEPS], 1).mean(2)
        window = h[:, :, FROM:FROM + STEPS]
        features = self.dropout(torch.cat([window.mean(2), window.amax(2)], 1))
        hidden = self.dropout(torch.relu(self.hidden_norm(self.hidden(features))))
        return self.logits(torch.cat([hidden, votes], 1)), steps


def cross_entropy(y, logits):
    return -(y * torch.log_softmax(logits, 1)).sum(1).mean()


net = MotionCnn().train()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
x = torch.randn(BATCH, ROWS, CHANNELS)
y = torch.softmax(torch.randn(BATCH, LABELS), 1)
each = torch.softmax(torch.randn(BATCH, LABELS, ROWS // STRIDE), 1)
print(json.dumps({"ready": torch.__version__, "parameters": sum(p.numel() for p in net.parameters())}), flush=True)
for line in sys.stdin:
    steps = int(line)
    begun = time.perf_counter()
    for _ in range(steps):
        optimizer.zero_grad()
        whole, parts = net(x)
        loss = cross_entropy(y, whole) + 0.5 * cross_entropy(each, parts)
        loss.backward()
        optimizer.step()
    print(json.dumps({"windowsPerSecond": steps * BATCH / (time.perf_counter() - begun)}), flush=True)
