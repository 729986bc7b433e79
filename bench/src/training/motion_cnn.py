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
WINDOW, BINS, HIDDEN = 100, 20, 64
torch.set_num_threads(THREADS)
torch.manual_seed(1)


def length(x):
    return ((x * x).sum(2, keepdim=True) + 1e-6).sqrt()


class MotionCnn(nn.Module):
    def __init__(self):
        super().__init__()
        derived = CHANNELS + 6
        self.convs = nn.ModuleList(
            nn.Conv1d(FILTERS if i else derived, FILTERS, k, padding=k // 2, bias=False)
            for i, k in enumerate((9, 5, 5)))
        self.norms = nn.ModuleList(nn.BatchNorm1d(FILTERS) for _ in range(3))
        time_ = torch.arange(WINDOW).float()
        bins = torch.arange(1, BINS + 1).float()
        phase = 2 * torch.pi * time_[:, None] * bins[None, :] / WINDOW
        hann = torch.hann_window(WINDOW, periodic=False)[:, None]
        self.register_buffer("waves", torch.cat([hann * torch.cos(phase), hann * torch.sin(phase)], 1))
        self.spectrum_norm = nn.BatchNorm1d(derived * BINS)
        self.hidden = nn.Linear(FILTERS * 7 + derived * BINS, HIDDEN, bias=False)
        self.hidden_norm = nn.BatchNorm1d(HIDDEN)
        self.step_whole = nn.Linear(HIDDEN, FILTERS)
        self.step_conv = nn.Conv1d(FILTERS, FILTERS, 9, padding=4, bias=False)
        self.step_norm = nn.BatchNorm1d(FILTERS)
        self.steps = nn.Conv1d(FILTERS, LABELS, 1)
        self.logits = nn.Linear(HIDDEN + LABELS, LABELS)
        self.dropout = nn.Dropout(0.3)

    def forward(self, x):
        acc, gyro = x[:, :, :3], x[:, :, 3:6]
        down = nn.functional.normalize(acc.mean(1, keepdim=True), dim=2)
        parts = [x]
        for part in (acc, gyro):
            along = (part * down).sum(2, keepdim=True)
            parts += [length(part), along, length(part - along * down)]
        h = normal = torch.cat(parts, 2).transpose(1, 2)
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            h = torch.relu(norm(conv(h)))
            if i < 2:
                h = nn.functional.max_pool1d(h, 2)
        moving = (normal - normal.mean(2, keepdim=True)) @ self.waves
        power = moving[:, :, :BINS] ** 2 + moving[:, :, BINS:] ** 2
        spectrum = self.spectrum_norm(torch.log(power + 1e-2).flatten(1))
        features = torch.cat([h.mean(2), h.amax(2), nn.functional.avg_pool1d(h, 5).flatten(1), spectrum], 1)
        whole = self.dropout(torch.relu(self.hidden_norm(self.hidden(self.dropout(features)))))
        steps = self.steps(torch.relu(self.step_norm(self.step_conv(h) + self.step_whole(whole)[:, :, None])))
        return self.logits(torch.cat([whole, torch.softmax(steps, 1).mean(2)], 1)), steps


def cross_entropy(y, logits):
    return -(y * torch.log_softmax(logits, 1)).sum(1).mean()


net = MotionCnn().train()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
x = torch.randn(BATCH, WINDOW, CHANNELS)
y = torch.softmax(torch.randn(BATCH, LABELS), 1)
each = torch.softmax(torch.randn(BATCH, LABELS, WINDOW // 4), 1)
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
