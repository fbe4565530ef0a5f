"""The article's network on tweets: from labelled sentences to a workbook that judges a typed one."""

from rnnsheet.sentiment.training import Learned, Options, train

__all__ = ["Learned", "Options", "train"]
