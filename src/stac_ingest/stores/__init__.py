"""Where bytes lie that are no local files: stores of objects (S3, Google, Azure) and files of web servers."""
