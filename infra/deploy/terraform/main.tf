# The bucket of encrypted chunks. Nobody is public, nobody speaks to it in clear, a chunk that is there is not written over, and what was begun and
# left is dropped by rule. Chunks are ciphertext under keys that only the access canister releases; this protects that they stay there.

resource "aws_s3_bucket" "chunks" {
  bucket = var.bucket

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "chunks" {
  bucket                  = aws_s3_bucket.chunks.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "chunks" {
  bucket = aws_s3_bucket.chunks.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "chunks" {
  bucket = aws_s3_bucket.chunks.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "chunks" {
  bucket = aws_s3_bucket.chunks.id

  rule {
    bucket_key_enabled = var.kms_key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "chunks" {
  bucket     = aws_s3_bucket.chunks.id
  depends_on = [aws_s3_bucket_versioning.chunks]

  # Multipart uploads that a contributor's machine began and never finished.
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.unfinished_days
    }
  }

  # What the collector deleted, and what a second upload of the same chunk replaced.
  rule {
    id     = "deleted-chunks"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.deleted_days
    }

    expiration {
      expired_object_delete_marker = true
    }
  }

  # Chunks are read in training rounds and hardly between them.
  rule {
    id     = "quiet-chunks"
    status = "Enabled"

    filter {}

    transition {
      days          = 30
      storage_class = "INTELLIGENT_TIERING"
    }
  }
}

data "aws_iam_policy_document" "chunks" {
  statement {
    sid     = "NothingInClear"
    effect  = "Deny"
    actions = ["s3:*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    resources = [aws_s3_bucket.chunks.arn, "${aws_s3_bucket.chunks.arn}/*"]

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid     = "OnlyTheCollectorDeletes"
    effect  = "Deny"
    actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    resources = ["${aws_s3_bucket.chunks.arn}/*"]

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [var.collector]
    }
  }

  # An upload says that nothing may be there yet (If-None-Match), or it is refused: what is there is not written over, by whomever. Parts of
  # an upload in parts cannot say it; its end has to.
  statement {
    sid       = "NothingIsWrittenOver"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.chunks.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["true"]
    }

    condition {
      test     = "Bool"
      variable = "s3:ObjectCreationOperation"
      values   = ["true"]
    }
  }

  # Each only into the folders of its own datasets.
  dynamic "statement" {
    for_each = var.contributors

    content {
      sid       = "ContributorUploads${substr(sha256(statement.key), 0, 16)}"
      actions   = ["s3:PutObject"]
      resources = [for uid in statement.value : "${aws_s3_bucket.chunks.arn}/datasets/${uid}/*"]

      principals {
        type        = "AWS"
        identifiers = [statement.key]
      }
    }
  }

  statement {
    sid       = "ReadersRead"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.chunks.arn}/datasets/*"]

    principals {
      type        = "AWS"
      identifiers = var.readers
    }
  }

  statement {
    sid       = "TheCollectorLists"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.chunks.arn]

    principals {
      type        = "AWS"
      identifiers = [var.collector]
    }
  }

  statement {
    sid       = "TheCollectorDeletes"
    actions   = ["s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.chunks.arn}/datasets/*"]

    principals {
      type        = "AWS"
      identifiers = [var.collector]
    }
  }
}

resource "aws_s3_bucket_policy" "chunks" {
  bucket = aws_s3_bucket.chunks.id
  policy = data.aws_iam_policy_document.chunks.json

  depends_on = [aws_s3_bucket_public_access_block.chunks]
}

resource "aws_s3_bucket_logging" "chunks" {
  count = var.log_bucket == null ? 0 : 1

  bucket        = aws_s3_bucket.chunks.id
  target_bucket = var.log_bucket
  target_prefix = "${var.bucket}/"
}
