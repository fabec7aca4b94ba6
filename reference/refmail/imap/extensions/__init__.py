"""Extensions, each a small value in its own file: capabilities, commands and where these are legal."""
