"""What marketing can be asked to do: one function a use case, one transaction each."""
