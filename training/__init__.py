"""From a corpus to a measured encoder: fine-tuning with Accelerate, evaluation, inference."""
