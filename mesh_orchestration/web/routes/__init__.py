"""One file a part of the service: each module has a `router` that the application takes in by its being there."""
