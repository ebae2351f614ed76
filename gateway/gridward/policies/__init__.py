"""The shipped policies, and how rule files, stories and the site file name them."""
