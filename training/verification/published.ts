/**
 * The checksums of the small runs on the WebAssembly backend: data, written by `deno task pretrained sums`, one entry for each
 * tensor of five models. A review sees in its changed entries which bits a change alters, and from which step on.
 *
 * @module
 */

import type { RunSums } from "./verify.ts";

/** See {@linkcode RunSums}. */
export const PUBLISHED: Readonly<Record<string, RunSums>> = {
  "gpt1": {
    "sha256": "ec00d92c6ac6dfc30af5872bc8edf309b7a16a710de0311650c53b303ad8745b",
    "tensors": {
      "tokenEmbedding": "cdd853 5d2b7b d8c767 f37395 30f455 e83126 1ada81 33d26c b10991 d049a6 36533c",
      "positionEmbedding": "c645c9 5d37b3 b7bd86 6add2f 8994d8 56fc98 d78b79 890731 84844b 2791c9 59395a",
      "blocks.0.attention.queryKeyValue.weight":
        "e79df4 ad1586 22396f 1e0bfd 5734d9 cb1027 5dcc68 c7e209 83a0e7 199042 edfc63",
      "blocks.0.attention.queryKeyValue.bias":
        "450898 fda9c8 dd466a 67f006 65c222 780c0e 49244e ac0cce da04ce ff64ab cef827",
      "blocks.0.attention.projection.weight":
        "fac00e f0a99c 7dcc0d dda6f0 54db9d 8bff33 4bcb6d 5fdb67 47879b 136a02 f46078",
      "blocks.0.attention.projection.bias":
        "d48900 34a90f c4005f e8ecdd 25957c 6e483f 029927 7a67d6 efa1c3 eb8a77 f436b4",
      "blocks.0.norm1.weight": "214393 020c9e 737ec1 39b158 5a8f3b a54d6f f22588 977681 5f3afb 1dc628 ff38fc",
      "blocks.0.norm1.bias": "d48900 69c900 011f78 e40d37 00ae2e 103c73 7d2571 cebfc6 3a3182 aded7e 81fef3",
      "blocks.0.mlp.expand.weight":
        "ed7981 4dbfb9 190da7 1c6c4f dd9d41 e54078 ee9291 0a95af 3c7d23 cd33ea 69e490",
      "blocks.0.mlp.expand.bias":
        "15dfcf 76b053 a258aa aeb863 fa69b9 04507e e1c699 458b78 c09adb 609d63 746f68",
      "blocks.0.mlp.contract.weight":
        "ecd907 5dde25 c6a63b 14d5e3 876e03 df8545 2dcbd8 bb7a48 cf9a3c e5186a f88a54",
      "blocks.0.mlp.contract.bias":
        "d48900 12660e 93a1bc 750ef6 ed8a9e fbfa80 b90a8b bf1056 69ea36 fb34d3 dbdf0a",
      "blocks.0.norm2.weight": "214393 7ee04b 0c4fda bb3abb 1990d7 193c4f d3ca7f 000162 91d115 87c70f 4a90c8",
      "blocks.0.norm2.bias": "d48900 3555a9 a0118c 686752 fa2679 3644af fc505a e30282 c294d7 c47e1b 8a5073",
      "blocks.1.attention.queryKeyValue.weight":
        "07d563 220ec4 226bff d8c8df 04dc09 3e1a33 5243b8 270a75 8c8d69 665038 1094bf",
      "blocks.1.attention.queryKeyValue.bias":
        "450898 bcf4ba 5cef91 8c1039 28d616 bc6d87 20a735 0318e4 f51dc3 1dfe1f c33a17",
      "blocks.1.attention.projection.weight":
        "d14526 07b264 cb63b5 4e973d cf7e58 a6a382 3a6934 54cf37 26c410 acf492 5ba7cc",
      "blocks.1.attention.projection.bias":
        "d48900 2208a7 521673 187ef2 611981 77df9c 65ece9 04e50b 01f43a 730eeb abe41e",
      "blocks.1.norm1.weight": "214393 8b3a02 624ea1 4bc6bf 6ff670 c4f6fd 70d668 9a7ba2 1a4774 0ad8a7 c3fd93",
      "blocks.1.norm1.bias": "d48900 019b1b 4846a6 8c881b 0c680a 53c543 b01ddf b6933b 85f9fd 040f70 57d28f",
      "blocks.1.mlp.expand.weight":
        "6d472b 7a315e 847f79 cbabbe c90b34 8ab390 724212 14958e 7214da 21dac8 85eed3",
      "blocks.1.mlp.expand.bias":
        "15dfcf a19074 3de9df dc1270 6e5c14 ffc68a 6cb9f8 303d46 ad5151 3c4367 b041b2",
      "blocks.1.mlp.contract.weight":
        "9b5018 baad53 af195b 3d2a6c 39bcd1 1d1fba 6705fb 7723d2 9a4492 8313bd 2c0660",
      "blocks.1.mlp.contract.bias":
        "d48900 2a5d07 ffefca 547f3f 691e17 8b8597 220a75 2736af 265ed7 0b74b5 0339c1",
      "blocks.1.norm2.weight": "214393 bee714 e84ed7 105b23 6f72e5 e819bd e45b82 23a0b5 1464bf 8be432 53da12",
      "blocks.1.norm2.bias": "d48900 f2ec73 ad8bca 12cd6f 0abe16 0f22d2 ff2e30 78951b 94131d 40ccac 1112c8",
    },
  },
  "gpt2": {
    "sha256": "dd3ddb1b1afb11cb663146158924c4bc86a8847177080d1f96768c40d4e2bb17",
    "tensors": {
      "tokenEmbedding": "cdd853 082fb2 a89cd2 f13361 4aac15 7c1dba c7b6a9 fd5436 6b6030 13da51 3494c2",
      "positionEmbedding": "c645c9 e285b0 819d6a 4aabc7 01dbcb 464966 199d6a ee2af8 765b76 517393 2f6ef0",
      "blocks.0.norm1.weight": "214393 dbb73e 58cd48 4f086f ebde47 36cb7f fd1e25 d5a623 34898e 5c5ce2 30559e",
      "blocks.0.norm1.bias": "d48900 6c3482 f62c26 7850f1 e21c10 10cbba c09c75 2a5692 4cebe2 dea721 f72228",
      "blocks.0.attention.queryKeyValue.weight":
        "e79df4 472180 618229 668f89 8b7146 177dca 7beb26 6d0a2a b405d5 08a3ba f03605",
      "blocks.0.attention.queryKeyValue.bias":
        "450898 eebc84 8cdbb6 8ed582 04048b 0c0bb6 fb948b 233578 69b484 9af15e 972d49",
      "blocks.0.attention.projection.weight":
        "effd33 2c9afb 83ab4f 42a32e 7708a5 dc782f c20dbe a62d02 9e6daa 439670 bee8ae",
      "blocks.0.attention.projection.bias":
        "d48900 9a2e1e 9c7b66 dff2d7 59dabe ebbd4f c2418b b86cd2 d53807 b27c86 08f2be",
      "blocks.0.norm2.weight": "214393 10ff14 3f4194 b5f18d b5af84 c1baa1 d38b79 704969 1f4233 d55c69 3ff848",
      "blocks.0.norm2.bias": "d48900 baf54d fa0f43 8e1c41 831990 6b8a56 820b08 68e932 366f31 8625f1 4f34b6",
      "blocks.0.mlp.expand.weight":
        "ed7981 928906 6f466c 12e23a 2c13fa 4e613d f7a504 197960 b0b947 844c63 1e8cf8",
      "blocks.0.mlp.expand.bias":
        "15dfcf efb6d3 723068 5aa405 a970ce c91b0b ca6aa3 baa1b8 16675c 481784 0c296d",
      "blocks.0.mlp.contract.weight":
        "3f704a 1946aa 4fce91 f31e7f d11cd3 43b12a 72d404 371fb2 c5ff2d ea3e3d 5c9267",
      "blocks.0.mlp.contract.bias":
        "d48900 5ae05f e3bbb8 2ac633 eba371 f38b0a b09c54 f909d3 864580 6d306b 39d7c3",
      "blocks.1.norm1.weight": "214393 f1e3ad 3cc2c5 e9d212 39c609 33be4e 85adcc e1b951 a29163 4fda97 c57591",
      "blocks.1.norm1.bias": "d48900 97c477 7da65e 12eefa bce5e1 ce300e 31bc08 d91c34 938014 31a008 9660f4",
      "blocks.1.attention.queryKeyValue.weight":
        "07d563 92d4f5 e5e1c4 d1b350 0b9f32 49594e 6fc8a0 dcfb86 e927a5 f5b791 1959ea",
      "blocks.1.attention.queryKeyValue.bias":
        "450898 23734b 581294 ab977a 78e26d 238ab8 d01f71 2a4d6f 8988bf ed0699 3f49b1",
      "blocks.1.attention.projection.weight":
        "7aa64c 07a7d9 7ee641 d875a4 22a6ba 7ef2d3 b82d90 28a901 de88e0 6e9dad 117eda",
      "blocks.1.attention.projection.bias":
        "d48900 c5476a e2652c 09e740 bc18f8 4a82e6 498144 996ef6 a49052 e5e153 d932ed",
      "blocks.1.norm2.weight": "214393 31173a e0acfb 38adbd b9f818 81d9ee 41cf99 16f8aa fa6126 a092c2 503ca1",
      "blocks.1.norm2.bias": "d48900 721949 6f083c a48008 5ba5df 00a467 ef9b13 c81f46 2f4b60 efebbe e20b0b",
      "blocks.1.mlp.expand.weight":
        "6d472b 3134c4 1b611d 9c3d0e 4e8e8c 8dd907 2302d9 6f0ca1 6e3980 cfcea4 28ca4c",
      "blocks.1.mlp.expand.bias":
        "15dfcf c7ff91 ca2115 79b47d e4e06c cb8c92 3b5d97 6a8eea 44c01f 7543e8 8efe90",
      "blocks.1.mlp.contract.weight":
        "9e1e7d 0ce4ed 9d781d 096977 a1ffdd 300d97 18a168 a3c35c 7b98d3 f8b2d4 61ea5e",
      "blocks.1.mlp.contract.bias":
        "d48900 75b59b 3c2cd6 4918ec d33355 39394a 70456f 037448 64f2d7 49b476 354ddf",
      "finalNorm.weight": "214393 b4bdfc 28446b a1bda0 503127 4fb0be 87d544 36345f 08b9da ca77c4 d742da",
      "finalNorm.bias": "d48900 d50ff5 80bbbe 9c5ac0 8586de e4bb07 fb79e7 5aae93 dd5ad2 e578b6 fb0baa",
      "languageHead": "e871df 07f59b d23c54 a10126 9e2920 6fa108 93307c 75de93 5d5331 a24b17 de4562",
    },
  },
  "roberta": {
    "sha256": "1d9d3f95a05db4b70797c6d9ddcfad3a96aee66b296bfcecd2ca2b9f6c57961c",
    "tensors": {
      "encoder.tokenEmbedding":
        "caabc2 197bf8 d07c52 f108e5 3418ce 763ade d90711 7c544c 01eb52 4a96a9 46c719",
      "encoder.positionEmbedding":
        "bda715 2f0c02 07bdbd fee3b6 7ccc82 0a6d81 97a488 32e1a2 0cc3d8 9ebf72 2894a7",
      "encoder.embeddingNorm.weight":
        "214393 3285b3 393843 9e4617 5fc452 b4a96e f1cb16 c4f34f d782af ac99cc fc79f1",
      "encoder.embeddingNorm.bias":
        "d48900 15fce9 b8fb3b 461dab 4558b7 d33256 fde315 fc62e4 50573a 89426b 3d9694",
      "encoder.blocks.0.attention.queryKeyValue.weight":
        "4675fb b512cf 38fc39 c0dbb0 ef7d6e c6bad3 b2943f 973772 c18ab7 ad7201 5784ed",
      "encoder.blocks.0.attention.queryKeyValue.bias":
        "450898 4c6c6d 6ec6e7 63acbd a00e94 c219be e8ea46 53447c b9760c a7270a b38b3f",
      "encoder.blocks.0.attention.projection.weight":
        "fa17eb 9cf4eb a4ee95 15f505 0943fc caea3d 158233 f426d8 7dbf1b a4e470 85628c",
      "encoder.blocks.0.attention.projection.bias":
        "d48900 1db245 653edf e9de8b b91949 cb2dab 3034d7 85f557 96c882 1a2fd9 d8e57f",
      "encoder.blocks.0.norm1.weight":
        "214393 afb69d 8481c0 fa680d 234113 2d04a9 70bb48 7acf42 44c725 ab769a dccb16",
      "encoder.blocks.0.norm1.bias":
        "d48900 8251d9 aab27f a06331 396c62 fc4754 2ce0a8 2e4b12 7ec181 ef5102 c9c95f",
      "encoder.blocks.0.mlp.expand.weight":
        "c952a1 0bd237 371fe2 6984c5 d5f56b a90eae 1c1171 845a06 ff3ab1 6573a3 c99f2a",
      "encoder.blocks.0.mlp.expand.bias":
        "15dfcf 0fb108 ee7f83 165074 1cac05 92d61a a0646f 356439 d34808 047a20 f985b5",
      "encoder.blocks.0.mlp.contract.weight":
        "412816 8ec481 ea4619 39d12b ca0829 820673 0a0329 a41919 353c2a b46d17 007cdc",
      "encoder.blocks.0.mlp.contract.bias":
        "d48900 97c9b7 d3a539 bbac22 8c3374 6d4861 1fc482 adeae2 ae96d6 5ceb6a ccc767",
      "encoder.blocks.0.norm2.weight":
        "214393 4c5385 52651e b0e078 9402cc 4e65fa fa9f9d 943521 c1fb46 23197f 0eced6",
      "encoder.blocks.0.norm2.bias":
        "d48900 317a7b 313809 e04a85 e14c08 408268 cb3db0 a30e4d 8674a1 c9d6b1 df9122",
      "encoder.blocks.1.attention.queryKeyValue.weight":
        "88a982 2b8893 86acd4 78a521 f4c360 ae90ce de654b 5881e7 5cc28b 59efbc 493d6d",
      "encoder.blocks.1.attention.queryKeyValue.bias":
        "450898 b30a5a 04f32b 7169d7 b878d6 ffd3d0 427325 b8b0a5 c74482 df84ac 757c0f",
      "encoder.blocks.1.attention.projection.weight":
        "4dd841 d59cfe 48105e 1b326a 47a676 879881 90d1af 03c3f8 0a97c1 8f7a77 75df4d",
      "encoder.blocks.1.attention.projection.bias":
        "d48900 bf802c b8c6d0 a03c85 8823de d2f22b 4a5149 871d83 e1c374 01acc2 e509fc",
      "encoder.blocks.1.norm1.weight":
        "214393 9fc1cb 5ea3dd fde819 a85850 cc161b 5f6cd5 3b4097 9550a5 17a1ab 8e3bee",
      "encoder.blocks.1.norm1.bias":
        "d48900 e0a93a 8614c6 e5637c 0dc0b1 78e1b5 24e27f fac9f0 9e50f7 170f5d e9b153",
      "encoder.blocks.1.mlp.expand.weight":
        "2ad2af 6603b0 a85f91 6ccf94 a88b80 6dc3bf 654cf5 8f886a 592c23 503729 eb98de",
      "encoder.blocks.1.mlp.expand.bias":
        "15dfcf 555ab6 232de5 13bfd0 73a61a 822f18 638a09 bb8c64 4980bf df3141 5cc2eb",
      "encoder.blocks.1.mlp.contract.weight":
        "aad6af a9224b 1ff5ee cdd4d2 56cfa2 d3f5c1 4401d8 24ada3 a8b83b b75676 e4c7a6",
      "encoder.blocks.1.mlp.contract.bias":
        "d48900 060ee7 a035ba e734f5 de9b95 977412 971666 879275 5ebd2e 55947a 98d1cc",
      "encoder.blocks.1.norm2.weight":
        "214393 9fca91 a87c9b f7a121 3e835f 9155f3 355440 919cfb 37ca6a 093ff1 b836c7",
      "encoder.blocks.1.norm2.bias":
        "d48900 50d847 348c69 665dbc ef91e4 a6e783 a27b2f ebdd0a 75cedf a94600 c46738",
      "languageHead.dense.weight":
        "8c3e6d f1d658 7c9b14 098f65 8cf9b5 ae1d25 ab3115 704665 5370c2 b8026a a98bb3",
      "languageHead.dense.bias":
        "d48900 6f8b33 12c90d 266e44 d6f304 24a97b e6be2e 423c71 f80e0c 155140 c6662f",
      "languageHead.norm.weight":
        "214393 db7238 470fe8 b2d382 39e335 efe91b 04bbcb b8659c cdcbf6 a75c49 8fa31b",
      "languageHead.norm.bias":
        "d48900 6e367d ddd300 40fcc5 1c1bdb e620db ec4a1e c7f050 f14515 b952a0 6a185f",
      "languageHead.bias": "ac9ab7 a3989e 430cc4 b14c31 3de87a 9e59c3 7824c6 6c8aaf 459e12 f3be52 ea277f",
    },
  },
  "gpt1 classifier": {
    "sha256": "a76cb2a36536e0617e9c40f6d7185d32e91d5e97ac4fcf4682e69e299f0a1cdf",
    "tensors": {
      "gpt.tokenEmbedding": "36533c c644e1 030f8d 6d6d34 32fc47 6d2b09 89941c 775012 3cec25 377cb2 72ea32",
      "gpt.positionEmbedding": "59395a ae077a 8a0e69 47089e e1565c fde908 2d9dbe b9dac2 9118b4 5a0fa6 36d201",
      "gpt.blocks.0.attention.queryKeyValue.weight":
        "edfc63 273b98 2e332f 66b78f ed96e8 587373 3cb7c4 9ed97b 171074 47900a da0629",
      "gpt.blocks.0.attention.queryKeyValue.bias":
        "cef827 070975 ed9b4f 2d3140 829040 75984a 7a58c0 083cf9 c12b96 46fef3 b4edd4",
      "gpt.blocks.0.attention.projection.weight":
        "f46078 5e30f6 dcfb88 01b71c 3e2aa4 f02f3a a500d9 3c36e9 fe8f00 f23e4d 883f67",
      "gpt.blocks.0.attention.projection.bias":
        "f436b4 954323 e3248c 11ebea 2314b6 6113fb e538a0 2a2f9e fd8c96 ad2226 8a6912",
      "gpt.blocks.0.norm1.weight":
        "ff38fc 0c5fc8 1dd60a 0ec91d baa53d d91515 ae464b 2279bd daa0f2 6bc93a 7ab329",
      "gpt.blocks.0.norm1.bias":
        "81fef3 3cbe6f 3cab34 5d2cf7 2b2166 18c0ab 3379ae 067ff5 efa549 5aee61 40dc86",
      "gpt.blocks.0.mlp.expand.weight":
        "69e490 09c897 1de7d2 67b829 d233e1 c9cdab 1300e1 6bd7fc 3baa04 78f78b 37ba8c",
      "gpt.blocks.0.mlp.expand.bias":
        "746f68 4c36cf 49001b e451d9 b2e4f4 abfe1e 048ff3 3c5c30 149785 768ed2 155d9e",
      "gpt.blocks.0.mlp.contract.weight":
        "f88a54 ca6e95 2b44e4 9427b5 28434f e36dcb 0087e6 1f5aeb 93fd6d 778e3f efffb0",
      "gpt.blocks.0.mlp.contract.bias":
        "dbdf0a 92520d 7fdf36 635da7 aa0f80 c948b8 ca9e40 69eeca e0829b 2c31bb a1b82f",
      "gpt.blocks.0.norm2.weight":
        "4a90c8 88f3d0 2c4dc4 084991 a5ed33 4fbe6a 3a64b5 ec11a1 cbd4c5 eab00b 233c2a",
      "gpt.blocks.0.norm2.bias":
        "8a5073 8a9fd7 4c8c0b e187f9 0a4f10 ba2557 646915 b44c32 3c69c5 583169 4d36fb",
      "gpt.blocks.1.attention.queryKeyValue.weight":
        "1094bf 6c8f6a 9d1b76 e02fd5 e87df2 e6e16c 47a419 12de65 822c00 4bd349 70a815",
      "gpt.blocks.1.attention.queryKeyValue.bias":
        "c33a17 c9091d 7009a8 340001 0e2fd8 c47adb 4cced5 0840af 6aa174 04a2e1 101ea6",
      "gpt.blocks.1.attention.projection.weight":
        "5ba7cc c3e8f9 10f405 9b3deb fe6a7e 16dd78 b4fd50 b51b65 5d85a1 9caf9e 3ad9a9",
      "gpt.blocks.1.attention.projection.bias":
        "abe41e 89a9cc a2b028 5167ec c6c6bb 05c8ae 7f9a50 d4861c d33d73 5b5597 84c211",
      "gpt.blocks.1.norm1.weight":
        "c3fd93 d86ee2 7d2df1 a39d0d 8e3097 643309 fcc78f 5b0e07 a3139f c23f56 b1c8f0",
      "gpt.blocks.1.norm1.bias":
        "57d28f 39269f 0e6f79 5df652 986763 6e19cf a614cf a69f7d c7ef6f a190c1 46fb42",
      "gpt.blocks.1.mlp.expand.weight":
        "85eed3 8b984e 903bad e996c0 32fcd4 399f83 b9dcc2 d29356 bdb09d f3d8b0 38e868",
      "gpt.blocks.1.mlp.expand.bias":
        "b041b2 7415c2 51cbda f041df c5e177 cd473e cd0971 7cf7d3 03c2b2 8c9078 e51aaf",
      "gpt.blocks.1.mlp.contract.weight":
        "2c0660 5aeded a3ff6e c5730a 08e752 f63994 d416be 517757 dac86c 877a2b ed8d39",
      "gpt.blocks.1.mlp.contract.bias":
        "0339c1 1dd7c5 e2840a a4a502 198686 0af265 65e0e7 76fcce de4c43 5d43ac dd4817",
      "gpt.blocks.1.norm2.weight":
        "53da12 18cdf8 3c853d f1c8a7 640783 645fab 5b497c 63603a 8cb03c 38f4f6 100853",
      "gpt.blocks.1.norm2.bias":
        "1112c8 738f22 89fb95 d22153 de91dd e27e7c 898d90 9e6576 cd8294 244b85 474e17",
      "score": "5e15dd 7f5f25 809cf4 7b0e1c 344dcb 001faf 27de99 f0aee3 f1f3fb 7e6061 27323c",
    },
  },
  "roberta classifier": {
    "sha256": "ed4f154beea4da05f2110169826f98a1d63dbc931425ef81e5d3a25ecb3c6432",
    "tensors": {
      "encoder.tokenEmbedding":
        "46c719 b7a6c2 a92436 dd5504 e10b50 177781 aa2695 ddea87 dd83aa 1e7d2e 29f27f",
      "encoder.positionEmbedding":
        "2894a7 d10305 fe14d0 804898 580a69 bf57b2 581d64 96a935 2f56e0 20cbed bd9762",
      "encoder.embeddingNorm.weight":
        "fc79f1 be102e 094d23 8afe16 a1b29c b33231 0f0da4 40b086 06128c 1594be 165d82",
      "encoder.embeddingNorm.bias":
        "3d9694 014bbb c3abfb ca790a 1959ec 26fe48 e05fe6 36d730 f517de 436722 6393c3",
      "encoder.blocks.0.attention.queryKeyValue.weight":
        "5784ed bf5f71 932265 ab1267 9783e2 c11609 5d7662 6162da 26601c 6bc661 597822",
      "encoder.blocks.0.attention.queryKeyValue.bias":
        "b38b3f 6a9404 7b7fcb dce828 e0e35d 6bd420 ca3166 5a388b 1257f3 002218 f1d6da",
      "encoder.blocks.0.attention.projection.weight":
        "85628c 9b424a 25e8e0 8d07c9 224cc9 486de4 7a42ff 2b8aa7 c6f071 6db9f6 aec527",
      "encoder.blocks.0.attention.projection.bias":
        "d8e57f eaff04 33d0fc 686eaa 1e625d 2dff0a 15b3cd ab72d0 a1db0d ff9109 d398e5",
      "encoder.blocks.0.norm1.weight":
        "dccb16 47347e a5b0ea e4e54a 575498 2396f7 6d6665 c134a3 ca6665 6ab6ab e66c86",
      "encoder.blocks.0.norm1.bias":
        "c9c95f 11f698 ec8e1f 21d4e7 96e941 6fe306 1cb58e 22594f b68b54 2e17d3 5abd63",
      "encoder.blocks.0.mlp.expand.weight":
        "c99f2a ee5002 f54100 979ea4 fef479 d1e35f 49a8e7 2c2d07 e99e40 656920 ec0c39",
      "encoder.blocks.0.mlp.expand.bias":
        "f985b5 652293 fde7da eb3055 d1692c f24f7f 5b4763 22e9bd 0b083f 4030e9 68ace9",
      "encoder.blocks.0.mlp.contract.weight":
        "007cdc 542f0f b61ceb 1af228 5e03ad d93b92 100a7e 7de90c 31b09d 3b51b1 9dc536",
      "encoder.blocks.0.mlp.contract.bias":
        "ccc767 eef91f d84fe4 54cdf2 74c086 ba1cb3 e766e7 d1eee6 fa4244 4217ca c762c9",
      "encoder.blocks.0.norm2.weight":
        "0eced6 4e1ac4 072493 d4edcf 11b044 bdf337 faca32 c0d49d 10d28d be139e d56559",
      "encoder.blocks.0.norm2.bias":
        "df9122 7e2c4c f1250f fbfb31 ecf613 ea81c4 7cf859 4a01e9 8c2ca7 835b26 853a3b",
      "encoder.blocks.1.attention.queryKeyValue.weight":
        "493d6d b77e16 4dd765 430311 4cc208 fc38ea feb547 bad06f eaf503 062a21 f4033f",
      "encoder.blocks.1.attention.queryKeyValue.bias":
        "757c0f 481ae5 40f2ec 3e73d0 d4f084 6f16ea 5256c1 c18e3d e28d95 b05ba1 c8aa8f",
      "encoder.blocks.1.attention.projection.weight":
        "75df4d 977892 599cd0 c490ca 5fea73 141c3c 5f46fa caa7fd f7a1c6 78ec83 c889ea",
      "encoder.blocks.1.attention.projection.bias":
        "e509fc 190753 a273ff 9d9266 f16126 ba6430 a9d1c8 766aa6 8bb399 226a6b 9b2e2d",
      "encoder.blocks.1.norm1.weight":
        "8e3bee ca0273 95bfc1 8ea44b f3ad05 10915c 16c056 c16310 aefe8d 7d4512 51927a",
      "encoder.blocks.1.norm1.bias":
        "e9b153 cccb49 40e626 b737a3 38253f 8dd83a 16d750 6a03ca e67d37 8f9c29 d90b1f",
      "encoder.blocks.1.mlp.expand.weight":
        "eb98de 2212a0 469abc 2f3072 841fa8 c5c14a 8af922 f984d9 cdd07d fba2c1 a25a73",
      "encoder.blocks.1.mlp.expand.bias":
        "5cc2eb 132613 519cae 37774e 962a97 36582e 561770 b8452f a7e0ae ce46f4 425df5",
      "encoder.blocks.1.mlp.contract.weight":
        "e4c7a6 cafc58 daffd5 00ab67 e99f51 04ffba 0834f7 1e40bc 8196d8 b402a7 92c931",
      "encoder.blocks.1.mlp.contract.bias":
        "98d1cc f1b36b a99cef 953955 a09391 12d671 3fb2c0 c6bf50 42f086 602711 e0e9c9",
      "encoder.blocks.1.norm2.weight":
        "b836c7 75628c 547999 31392e 27d97c e3ad20 654df7 a38323 b89668 a73b8d 43aa64",
      "encoder.blocks.1.norm2.bias":
        "c46738 067082 214a87 38ad61 a7d88f 7b5fb1 8cd8a6 c6df74 f3c475 26d151 aea700",
      "classificationHead.dense.weight":
        "d6fa2c a6d9af 7d2b4b 254416 542175 7aceb8 6114f1 47e2fb afc9a5 f5a509 f62c89",
      "classificationHead.dense.bias":
        "d48900 389f46 7c361d 6685f6 e83d15 0046cc 451007 25d357 1cbbd2 ec471e c85d36",
      "classificationHead.projection.weight":
        "35664f 5ea568 572f9a ee28eb 2938c9 9e4c32 f11e9d 09a629 aa69ad e70d49 9cb4a1",
      "classificationHead.projection.bias":
        "af5570 f78e9a acf0d4 c8b362 95ecdb 9d024b f17749 736fde 6b6788 ba2be4 bddb74",
    },
  },
};
