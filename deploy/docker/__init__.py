"""The image that every program of Linli runs from, and the jobs that set an installation up."""
