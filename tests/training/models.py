"""Models with random weights, and sentences, for tests of inference, evaluation and export."""

from itertools import product
from pathlib import Path

import torch

from corpusmith.training.encoder import load_model, load_tokenizer

TAGS = ["O", "B-Disease", "I-Disease"]
DISEASES = [
    "asthma",
    "cystic fibrosis",
    "breast and ovarian cancer",
    "gout",
    "ataxia-telangiectasia",
]
FRAMES = [
    "Patients with {} were seen in the clinic.",
    "We screened for {} twice a year",
    "No sign of {} (0/12) was found after two years of treatment.",
    "Mothers of children with {}, who took part, had no symptoms;",
    "{}: a study in 3 families",
    "The VHL gene was cloned in {} cells!",
    "Is {} a risk factor?",
    "In BRCA1 carriers, {} was rare.",
    '"Late-onset {}" is another entity.',
    "Treatment of {} with drugs A/B is safe.",
]
SENTENCES = [frame.format(disease) for frame, disease in product(FRAMES, DISEASES)]


def write_model(folder: Path, encoder: Path, labels: list[str], facts: dict) -> Path:
    """An untrained model with a steep head: it finds mentions, and no two labels nearly tie."""
    torch.manual_seed(7)
    model = load_model(str(encoder), labels, facts).eval()
    torch.nn.init.normal_(model.classifier.weight, std=2.0)
    model.save_pretrained(folder)
    load_tokenizer(str(encoder)).save_pretrained(folder)
    return folder


def write_quiet_model(folder: Path, encoder: Path) -> Path:
    """A model that gives every word the same chances, O the best: a list alone decides."""
    torch.manual_seed(7)
    model = load_model(str(encoder), TAGS, {"task": "ner", "max_length": 64}).eval()
    torch.nn.init.zeros_(model.classifier.weight)
    model.classifier.bias.data = torch.tensor([0.7, 0.2, 0.1]).log()
    model.save_pretrained(folder)
    load_tokenizer(str(encoder)).save_pretrained(folder)
    return folder
