"""Mixers that between them need every kernel: each class of rows, both ways to mix, all forms of weights."""

# looked up by slot: shifts, or a table of columns
BY_SLOT = {
    "squares_joint": "B[i] = {i - (k^2 + 1) for k in 0..}",
    "shifts_both": """
        A[i] = {i - 3*k for k in 0..4} B[i] = {i - 2^k for k in 0..} weights A, B = softmax(slot_gate)""",
    "compacted": "let f(k) = 2^k B[i] = compact(f)[i] weights A, B = softmax(slot_gate)",
    "fenwick_reader": "A[i] = fenwick[i]",
    "landmarked": "B[i] = {i - 1} | ({k^2 for k in 0..i if k^2 < i - 1})",
    "blocks_both": """
        A[i] = block(8)[i] B[i] = block(16)[i] - {i} weights A = const weights B = 0.1 * sigmoid(gate)""",
    "pairs": "A[i] = {i - j*k for j in 0..4 for k in 0..4} weights A = softmax(2 * dot(q, k))",
    "gated_softmaxes": """
        A[i] = {i, i - 1} B[i] = {i - 2^k for k in 0..}
        weights A = (1 - sigmoid(gate)) * softmax(dot(q, k)) weights B = sigmoid(gate) * softmax(slot_gate + const)""",
    "sparse_delta": """
        B[i] = {i - 2^k for k in 0..}
        weights A = sigmoid(gate) weights B = -sigmoid(gate) * dot(unit(k), unit(k))""",
    "quotients": """
        A[i] = {i - 3*k for k in 0..3} B[i] = {i - 2^k for k in 0..5}
        weights A = (0.5 + const) / (1 + sum(B)) weights B = sigmoid(slot_gate) / (3 + sigmoid(gate))""",
    "two_scores": """
        A[i] = {i - 2^k for k in 0..} | {i}
        weights A = 0.9 * softmax(dot(q, k) + sigmoid(gate) * dot(k, k)) + 0.1 * sigmoid(dot(q, k))""",
    "keys_alone": "A[i] = fenwick[i] weights A = softmax(dot(k, k))",
    "squares_compacted": "let f(k) = k^2 + 1 B[i] = compact(f)[i] weights A, B = softmax(slot_gate)",
}

# attention over inputs at fixed distances
BY_DISTANCE = {
    "powers_read": "A[i] = {i - 2^k for k in 0..}",
    "powers_and_self": "A[i] = {i} | {i - 2^k for k in 0..} weights A = sigmoid(gate) * softmax(3 * dot(q, k))",
    "squares_read": "A[i] = {i - (k^2 + 1) for k in 0..}",
    "fibonacci_read": "let f(k) = floor(((1 + sqrt(5)) / 2)^k / sqrt(5) + 1/2) A[i] = {i - f(k) for k in 2..}",
    "window_and_powers": "A[i] = window(40)[i] | {i - 2^k for k in 0..} weights A = softmax(dot(unit(k), unit(k)))",
    "window_read": "A[i] = window(40)[i]",
    "all_parts": "A[i] = window(40)[i] | {0} | {i - 2^k for k in 0..}",
    "sinks_and_powers": "A[i] = window(9)[i] | {0} | {i - 2^k for k in 0..}",
    "sinks_and_window": """
        A[i] = window(40)[i] - {i} | {2*j for j in 0..4 if 2*j < i} weights A = 2 * softmax(dot(q, k))""",
    "few_read": "A[i] = {i - 1, i - 150, i - 70} weights A = softmax(dot(k, k)) / 2",
}

# of these, those whose outputs are solved by the columns that a chunk reads, and some that are solved by shifts
GATHERED = ("compacted", "landmarked", "blocks_both", "squares_compacted")
BY_CHUNKS = ("squares_joint", "shifts_both", *GATHERED)

# by tiles of scores: long intervals
BY_TILE = {
    "attention_joint": "A[i] = causal[i]",
    "recurrence_joint": "B[i] = past[i]",
    "mixture": """
        A[i] = causal[i] B[i] = past[i]
        weights A = 0.1 * softmax(dot(q, k)) weights B = 0.9 * softmax(dot(q, k))""",
    "delta_values": """
        B[i] = past[i] weights A = sigmoid(gate) weights B = -sigmoid(gate) * dot(unit(k), unit(k))""",
    "delta_former": "B[i] = past[i] weights A = 1 weights B = -softmax(dot(q, k)) * sigmoid(gate)",
    "wide_windows": "A[i] = window(80)[i] B[i] = window(100)[i] - {i}",
    "past_keys": "A[i] = causal[i] weights A = softmax(dot(k, k))",
    "late_past": "B[i] = {j for j in 0..i - 40}",
    "dots_and_keys": """
        A[i] = causal[i] B[i] = past[i]
        weights A = 0.1 * dot(q, k) weights B = sigmoid(gate) * softmax(dot(k, k))""",
    "constant_past": "A[i] = causal[i] B[i] = past[i] weights B = 0.01 weights A = 0.1 * softmax(dot(q, k))",
    "plain_average": "A[i] = causal[i] weights A = 0.01",
}

# by a scan: the row's own input and the output before
BY_SCAN = {
    "first_order": "B[i] = {i - 1} weights A = 1 - sum(B) weights B = sigmoid(gate)",
    "forgetful": "B[i] = {i - 1} weights A = 2 weights B = 1 - gate / (1 + sum(A)) * sigmoid(gate)",
    "first_order_joint": "B[i] = {i - 1}",
    "first_order_slots": "B[i] = {i - 1} weights A, B = softmax(slot_gate)",
    "first_order_constant": "B[i] = {i - 1} weights A = 1 weights B = -const",
}

MIXERS = BY_SLOT | BY_TILE | BY_SCAN | BY_DISTANCE


def text(name: str) -> str:
    """The .glm text of one of these mixers."""
    return f"glm 1\nmixer {name} {{\n  {MIXERS[name]}\n}}\n"
