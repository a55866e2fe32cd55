"""Model registry: install, register, promote, roll back; which version serves in this process."""
