"""The parts of the Open Data Contract Standard 3.x in native words, and back; ``dialects/odcs.py`` joins them."""
