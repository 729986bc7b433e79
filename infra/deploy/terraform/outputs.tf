output "s3" {
  description = "The part `s3` of network.json."
  value = {
    endpoint = "https://s3.${aws_s3_bucket.chunks.region}.amazonaws.com"
    region   = aws_s3_bucket.chunks.region
    bucket   = aws_s3_bucket.chunks.id
  }
}
