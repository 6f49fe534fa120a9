"""What a request made is made once, however often it is repeated under the same key."""
