"""The model artefact: plain files, verified before they are parsed, never executed."""
