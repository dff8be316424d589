"""Whether customers and scores are spread as they were when the model was trained."""
