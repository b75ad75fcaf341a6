"""What the Space repo holds: a Gradio app over the published models."""
