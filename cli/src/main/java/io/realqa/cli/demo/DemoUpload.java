package io.realqa.cli.demo;

record DemoUpload(String name, byte[] file) {}
