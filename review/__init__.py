"""What a pull request would do to data, access and money: one page, made without an AWS account."""
