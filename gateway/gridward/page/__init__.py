"""The gateway's own page: what a person sees and presses. NiceGUI on the API's FastAPI app."""
