"""Grow the lists of a recipe: ask the teacher, check what it proposes, add what a person kept."""
