"""The kinds of source a draft can be made of, one file a kind."""
