"""
What the simplest classifier gets right: a logistic regression on how often each word occurs.

    pip install scikit-learn
    python3 bench/bag_of_words_peer.py train.tsv dev.tsv

Files hold a text, a tab and its label in each line.
"""

import sys

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression


def read(path):
    with open(path, encoding="utf-8") as file:
        return zip(*(line.rstrip("\n").split("\t") for line in file))


train, dev = sys.argv[1:]
texts, labels = read(train)
words = CountVectorizer()
model = LogisticRegression(max_iter=2000).fit(words.fit_transform(texts), labels)
texts, labels = read(dev)
print(f"{100 * model.score(words.transform(texts), labels):.1f} % of {len(labels)} texts")
